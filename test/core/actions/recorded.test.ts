import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ActionError } from '../../../core/actions/action.ts'
import type { ActionFacts, ActionResult } from '../../../core/actions/action.ts'
import { preparationError } from '../../../core/items/prepare-item.ts'
import { compareQuantities } from '../../../core/values/quantity.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { formatGroupResource } from '../../../velero/resource.ts'
import type { RestoreSpec } from '../../../velero/restore.ts'
import { isSameUpToParser } from '../../parity/tolerated.ts'
import { aBackup, aConfig, execute, pullIn } from './action-input.ts'
import { withoutStructNoise } from './struct-noise.ts'

/** One call of an action of Velero over its plugin protocol, with what stood in the cluster and what it made there. */
interface Recorded extends Partial<Omit<ActionFacts, 'backup'>> {
  title: string
  action: string
  item: Manifest
  itemFromBackup?: Manifest
  spec?: RestoreSpec
  backup?: 'moved'
  config?: Record<string, string>
  secondConfig?: true
  output: { code: number; details: string } | Answer
}

interface Answer {
  item?: Manifest
  additionalItems: { group: string; resource: string; namespace: string; name: string }[]
  skipRestore: boolean
  operationID: string
  created?: ({ resource: string } & Manifest)[]
}

const { cases, veleroImage } = JSON.parse(
  readFileSync(new URL('../../fixtures/actions/recorded.json', import.meta.url), 'utf8'),
) as { veleroImage: string; cases: Recorded[] }

/** Where Drydock answers otherwise on purpose; each has its own test. */
const otherwise = new Set(['service: note is no JSON'])

function factsOf(one: Recorded): Partial<ActionFacts> {
  const { config, secondConfig } = one
  const configs = config === undefined ? [] : [aConfig(config), ...(secondConfig ? [aConfig(config, 'config-2')] : [])]
  const facts: Partial<ActionFacts> = {
    backup: aBackup({ csiSnapshotTimeout: '10m0s', ...(one.backup === 'moved' ? { snapshotMoveData: true } : {}) }),
    pluginConfigs: { [one.action]: configs },
    veleroImage,
  }
  for (const key of factKeys) if (one[key] !== undefined) Object.assign(facts, { [key]: one[key] })
  return facts
}

const factKeys = [
  'storageClasses',
  'volumeSnapshotClasses',
  'volumeGroupSnapshotClasses',
  'podVolumeBackups',
  'existingClaims',
  'serviceAccounts',
  'dataUploadResults',
] as const

/** Without what is random in Velero: suffixes of names, the order of mounts; and quantities as numbers. */
function comparable(item: unknown): unknown {
  const text = JSON.stringify(withoutStructNoise(item), (key, value: unknown) => {
    if (key === 'velero.io/dynamic-pv-restore') return String(value).replace(/\.[^.]+$/, '')
    if (key === 'volumeMounts' && Array.isArray(value)) return byName(value)
    if (key !== 'requests' && key !== 'limits') return value
    return Object.fromEntries(
      Object.entries(value as object).map(([of, size]) => [of, compareQuantities(String(size), '0')]),
    )
  })
  return JSON.parse(text)
}

const byName = (mounts: { name: string }[]) => mounts.toSorted((a, b) => (a.name < b.name ? -1 : 1))

const created = (answer: Answer) =>
  (answer.created ?? []).map(({ resource, ...listed }) => {
    // A list of a built-in resource leaves out what each of its items is.
    const kind = resource === 'configmaps' ? { apiVersion: 'v1', kind: 'ConfigMap' } : {}
    const manifest = { ...listed, ...kind }
    const { name, generateName, ...metadata } = manifest.metadata
    return {
      resource,
      manifest: comparable({ ...manifest, metadata: { ...metadata, ...(generateName ? {} : { name }) } }),
    }
  })

const companions = (result: ActionResult) =>
  (result.companions ?? []).map(({ resource: { resource }, manifest, status }) => {
    const { name, ...metadata } = structuredClone(manifest.metadata)
    const isNamedAnew = resource !== 'volumegroupsnapshotcontents'
    if (!isNamedAnew) delete metadata.labels?.['velero.io/restore-uid']
    const whole = {
      ...manifest,
      metadata: { ...metadata, ...(isNamedAnew ? {} : { name }) },
      ...(status ? { status } : {}),
    }
    return { resource, manifest: comparable(whole) }
  })

const messageOf = (act: () => unknown) => {
  try {
    act()
    return undefined
  } catch (error) {
    return error instanceof ActionError ? error.message : error
  }
}

describe('as Velero v1.18.3 did', () => {
  test.each(cases.filter(({ title }) => !otherwise.has(title)))('$title', (one) => {
    const { action, item, itemFromBackup = item, spec = {}, output } = one
    const given = { itemFromBackup, spec, facts: factsOf(one) }
    if ('code' in output) {
      const message = preparationError('it', String(messageOf(() => execute(action, item, given))))
      const recorded = preparationError('it', output.details)
      expect(isSameUpToParser(recorded, message) ? recorded : message).toBe(recorded)
      return
    }
    const result = execute(action, item, given)
    if (output.item !== undefined) expect(comparable(result.item)).toEqual(comparable(output.item))
    expect(result.skip ?? false).toBe(output.skipRestore)
    expect(result.operationId ?? '').toBe(output.operationID)
    expect(companions(result)).toEqual(created(output))
    const pulled = output.additionalItems.map(({ group, resource, namespace, name }) => ({
      groupResource: formatGroupResource(resource, group),
      ...(namespace === '' ? {} : { namespace }),
      name,
    }))
    const pulledIn = pullIn(action, item, given)
    expect(pulledIn.items).toEqual(pulled)
    const mark = output.item?.metadata.annotations?.['restore.velero.io/must-include-additional-items']
    expect(pulledIn.mustInclude ?? false).toBe(mark === 'true')
  })
})
