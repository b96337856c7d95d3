import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ActionError } from '../../../core/actions/action.ts'
import type { ActionInput } from '../../../core/actions/action.ts'
import { builtInActions } from '../../../core/actions/built-in.ts'
import { parseJson, stringifyJson } from '../../../core/values/manifest-json.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { RestoreSpec } from '../../../velero/restore.ts'
import { aConfig, actionNamed, anInput } from './action-input.ts'

interface Case {
  title: string
  action: string
  item: Manifest
  itemFromBackup?: Manifest
  spec?: RestoreSpec
  config?: Record<string, string>
}

const read = (file: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../fixtures/actions/${file}`, import.meta.url), 'utf8'))
const cases = [...(read('golden.json') as Case[]), ...(read('recorded.json') as { cases: Case[] }).cases]

/** The facts that the recorded cases need, and that any of them may have. */
function inputOf({ action, item, itemFromBackup = item, spec = {}, config }: Case): ActionInput {
  const facts = {
    storageClasses: ['new'],
    serviceAccounts: { demo: ['sa1'] },
    podVolumeBackups: [aVolumeBackup],
    pluginConfigs: config === undefined ? {} : { [action]: [aConfig(config)] },
  }
  return anInput(item, { itemFromBackup, spec, facts })
}

const aVolumeBackup: Manifest = {
  apiVersion: 'velero.io/v1',
  kind: 'PodVolumeBackup',
  metadata: { name: 'pvb' },
  spec: { pod: { name: 'p', namespace: 'demo' }, volume: 'd' },
  status: { snapshotID: 'x' },
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(freeze)
  }
  return value
}

/** Runs an action; an ActionError is an answer too. A write to frozen input throws a TypeError. */
function answer(name: string, input: ActionInput): unknown {
  const action = actionNamed(name)
  action.additionalItems?.(input)
  try {
    return action.execute(input)
  } catch (error) {
    if (error instanceof ActionError) return error.message
    throw error
  }
}

describe('every action', () => {
  test.each(cases)('leaves its input alone: $title', (one) => {
    const input = freeze(structuredClone(inputOf(one)))
    const before = JSON.stringify(input)
    answer(one.action, input)
    expect(JSON.stringify(input)).toBe(before)
  })

  test.each(cases)('answers the same twice: $title', (one) => {
    expect(answer(one.action, inputOf(one))).toEqual(answer(one.action, inputOf(one)))
  })

  /** These add or take away once more on each run, in Velero too. */
  const cumulative = new Set([
    'velero.io/init-restore-hook',
    'velero.io/service-account',
    'velero.io/change-image-name',
  ])

  test.each(cases.filter(({ action }) => !cumulative.has(action)))(
    'changes nothing more on its own output: $title',
    (one) => {
      const first = answer(one.action, inputOf(one))
      if (typeof first === 'string') return
      const { item } = first as { item: Manifest }
      const second = answer(one.action, inputOf({ ...one, item, itemFromBackup: one.itemFromBackup ?? one.item }))
      expect(second).toEqual(first)
    },
  )

  test('bears any value in any field of its item', () => {
    const oneOf = fc.integer({ min: 0, max: cases.length - 1 })
    fc.assert(
      fc.property(oneOf, fc.nat(), fc.jsonValue({ maxDepth: 2 }), (index, place, value) => {
        const one = structuredClone(cases[index]!)
        replaceSomewhere(one.item, place, value)
        const input = freeze(inputOf({ ...one, itemFromBackup: one.item }))
        answer(one.action, input)
      }),
      { numRuns: 3000 },
    )
  })

  test('keeps integers beyond 2^53 and fields that Velero does not know', () => {
    const extra = '{"ofTheFuture":{"n":9007199254740993}}'
    for (const one of cases.slice(30)) {
      const item = { ...one.item, ...(parseJson(extra) as object) } as Manifest
      const result = answer(one.action, inputOf({ ...one, item, itemFromBackup: item }))
      if (typeof result === 'string') continue
      expect(stringifyJson((result as { item: Manifest }).item)).toContain(extra.slice(1, -1))
    }
  })
})

/** Puts a value into one field; apiVersion, kind, name and namespace stay, the archive's reader vouches for them. */
function replaceSomewhere(item: Manifest, place: number, value: unknown): void {
  const places: [Record<string, unknown>, string][] = []
  const visit = (at: unknown, depth: number) => {
    if (typeof at !== 'object' || at === null) return
    for (const key of Object.keys(at)) {
      const isKept = depth <= 1 && ['apiVersion', 'kind', 'metadata', 'name', 'namespace'].includes(key)
      if (!isKept) places.push([at as Record<string, unknown>, key])
      visit((at as Record<string, unknown>)[key], depth + 1)
    }
  }
  visit(item, 0)
  if (places.length === 0) return
  const [parent, key] = places[place % places.length]!
  parent[key] = value
}

test('the 21 actions run in the order of their names, the newer interface last', () => {
  const names = builtInActions.map(({ name }) => name)
  expect(names).toHaveLength(21)
  expect(names).toEqual([...names.slice(0, 17).toSorted(), ...names.slice(17).toSorted()])
  expect(names.slice(17).every((name) => name.startsWith('velero.io/csi-'))).toBe(true)
})
