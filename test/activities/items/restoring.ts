import type { RecreateNote } from '../../../activities/existing/recreate-notes.ts'
import type { ItemTools } from '../../../activities/items/item-tools.ts'
import { restoreItem } from '../../../activities/items/restore-item.ts'
import { waiting } from '../../../activities/frame/failures.ts'
import type { Cluster } from '../../../activities/ports.ts'
import type { Outcome } from '../../../core/items/outcome.ts'
import type { PlannedItem } from '../../../core/plan/plan.ts'
import { ApiError } from '../../../core/port-errors.ts'
import { rfc3339 } from '../../../velero/manifest.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { GroupResource } from '../../../velero/resource.ts'
import { labels, rulesWith } from '../../core/items/builders.ts'
import { createWorld } from '../../ports/world.ts'
import type { World } from '../../ports/world.ts'

const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
/** The owners of fields in the backup. */
export const owners = [
  {
    manager: 'kubectl',
    operation: 'Update',
    apiVersion: 'v1',
    time: '2025-06-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:data': { 'f:price': {} } },
  },
]
/** The ConfigMap of the backup. */
export const prices: Manifest = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'shop', name: 'prices', uid: 'uid-in-the-backup', managedFields: owners },
  data: { price: '3' },
}
/** Where it is in the cluster. */
export const target = { ...configMaps, namespace: 'shop', name: 'prices' }

/** Restores items of that text into a cluster in memory. */
export function restoring(
  text: string,
  more: Partial<ItemTools> = {},
  wrap: (cluster: Cluster) => Cluster = (one) => one,
) {
  const world = createWorld()
  world.cluster.place({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  const { signal } = new AbortController()
  const nothing = () => undefined
  const attempt = { number: 1, id: 'a', signal, throwIfStopped: nothing, waitingFor: nothing, done: nothing }
  const tools: ItemTools = {
    cluster: wrap(world.cluster.connect()),
    clock: world.clock,
    log: world.log,
    attempt: { ...attempt, fence: () => Promise.resolve(), carried: undefined, isLate: false, pause: waiting },
    rules: rulesWith(),
    mark: { uid: 'uid-1', creationTimestamp: rfc3339(world.clock.now()), labels },
    managedFields: 'owners',
    policyFor: () => undefined,
    firstLook: { at: () => Promise.resolve(undefined), foundTaken: nothing },
    recreated: inMemoryNotes(),
    restoresStatus: () => false,
    readItem: () => Promise.resolve(text),
    beginPodVolumes: () => Promise.resolve(),
    resourceTimeoutSeconds: 600,
    waitSince: async () => Date.parse(rfc3339(world.clock.now())),
    inPlace: { about: () => Promise.resolve([]), settle: (note) => Promise.resolve(note) },
    chances: { secondChances: true, deadlineSeconds: 600 },
    now: () => rfc3339(world.clock.now()),
    native: {} as ItemTools['native'],
    ...more,
  }
  const item: PlannedItem = { namespace: 'shop', name: 'prices', target: 'shop' }
  const restore = (groupResource: GroupResource = 'configmaps', planned: PlannedItem = item) =>
    world.clock.run(restoreItem(groupResource, planned, tools))
  return { world, tools, restore }
}

/** Notes about objects that are deleted, as a journal keeps them. */
export function inMemoryNotes(): ItemTools['recreated'] {
  const notes = new Map<string, RecreateNote>()
  return {
    about: (key) => Promise.resolve(notes.get(key)),
    settle(note) {
      const settled = notes.get(note.key) ?? note
      notes.set(note.key, settled)
      return Promise.resolve(settled)
    },
  }
}

/** The outcome of a step; what it was about to change is changed. */
export async function outcomeOf(step: Awaited<ReturnType<typeof restoreItem>>): Promise<Outcome> {
  const settled = 'intent' in step ? await step.intent.apply() : step
  if ('trouble' in settled) throw new Error('an outcome was expected, and trouble came', { cause: settled.trouble })
  return settled.done
}

/** Puts a ConfigMap of that price there, older than the restore and not its own. */
export function placeOther(world: World, price: string): void {
  const metadata = { namespace: 'shop', name: 'prices', creationTimestamp: '2020-01-01T00:00:00Z' }
  world.cluster.place({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { price } })
}

/** A cluster whose calls of that name are refused as long as there are refusals. */
export function refusing(name: 'create' | 'patch', ...refusals: ApiError[]): (cluster: Cluster) => Cluster {
  return (cluster) => ({
    ...cluster,
    [name]: (...args: never[]) => {
      const refusal = refusals.shift()
      return refusal === undefined ? (cluster[name] as (...a: never[]) => unknown)(...args) : Promise.reject(refusal)
    },
  })
}

/** An answer of the API server. */
export const apiError = (code: number, reason: string, message: string) => new ApiError({ code, reason, message })
