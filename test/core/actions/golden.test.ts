import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import { formatGroupResource } from '../../../velero/resource.ts'
import type { RestoreSpec } from '../../../velero/restore.ts'
import { execute, pullIn } from './action-input.ts'
import { withoutStructNoise } from './struct-noise.ts'

interface Golden {
  title: string
  action: string
  item: Manifest
  itemFromBackup: Manifest
  spec: RestoreSpec
  output: Record<'v1.18.1' | 'v1.18.3', Answer>
}

type Answer = { code: number; details: string } | Success

interface Success {
  item: Manifest
  additionalItems: { group: string; resource: string; namespace: string; name: string }[]
  skipRestore: boolean
  operationID?: string
}

const goldens = JSON.parse(
  readFileSync(new URL('../../fixtures/actions/golden.json', import.meta.url), 'utf8'),
) as Golden[]
const facts = { serviceAccounts: { demo: ['default', 'sa1'] } }

/** Facts that are never missing here, and Velero's panics: cases where Drydock answers otherwise on purpose. */
const otherwise = new Set(['csi-pvc nobackup', 'init-hook annot no cmd'])
const panicsIn1181 = new Set(['csi-vs noannot'])

const comparable = (item: unknown): unknown =>
  JSON.parse(
    JSON.stringify(withoutStructNoise(item)).replace(/velero-restore-init-[0-9a-f]{8}/g, 'velero-restore-init'),
  )

describe.each(['v1.18.1', 'v1.18.3'] as const)('as Velero %s did', (version) => {
  const cases = goldens.filter(
    ({ title }) => !otherwise.has(title) && !(version === 'v1.18.1' && panicsIn1181.has(title)),
  )

  test.each(cases)('$title', ({ action, item, itemFromBackup, spec, output }) => {
    const answer = output[version]
    const given = { itemFromBackup, spec, facts }
    if ('code' in answer) {
      expect(() => execute(action, item, given)).toThrow(answer.details)
      return
    }
    const result = execute(action, item, given)
    expect(comparable(result.item)).toEqual(comparable(answer.item))
    expect(result.skip ?? false).toBe(answer.skipRestore)
    expect(result.operationId ?? '').toBe(answer.operationID ?? '')
    const pulled = answer.additionalItems.map(({ group, resource, namespace, name }) => ({
      groupResource: formatGroupResource(resource, group),
      ...(namespace === '' ? {} : { namespace }),
      name,
    }))
    expect(pullIn(action, item, given).items).toEqual(pulled)
  })

  test.each(cases)('$title, the mark to include more', ({ action, item, itemFromBackup, spec, output }) => {
    const answer = output['v1.18.3']
    const marks = 'item' in answer ? answer.item.metadata.annotations : undefined
    const isMarked = marks?.['restore.velero.io/must-include-additional-items'] === 'true'
    expect(pullIn(action, item, { itemFromBackup, spec, facts }).mustInclude ?? false).toBe(isMarked)
  })
})

test('no golden is left out by accident', () => {
  expect(goldens.length).toBe(30)
  expect(new Set(goldens.map(({ action }) => action)).size).toBe(17)
})
