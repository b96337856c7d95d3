import type { Companion } from '../../core/actions/action.ts'
import type { TroubleKind } from '../../core/items/item-trouble.ts'
import { listAt } from '../../core/values/fields.ts'
import { isAlreadyExists, isConflict, refusalOf } from '../../core/port-errors.ts'
import { fieldManagerOf, restoreUidLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { ObjectRef } from '../../velero/resource.ts'
import type { WriteOptions } from '../ports.ts'
import { createOrder } from '../volumes/create-order.ts'
import { refusedFor } from './item-tools.ts'
import type { ItemTools } from './item-tools.ts'

/** How often a shared companion is read again because another item wrote it in between. */
const conflictsMax = 20

/**
 * Creates the objects that actions need beside an item. Names are hashes (rule 6), so one that exists and has the
 * restore's uid is ours: missing entries are added and its status is set again, since an earlier attempt may have died in
 * between. Returns Velero's text where the item fails because of it, and whether another try may succeed.
 */
export async function createCompanions(
  companions: readonly Companion[],
  itemName: string,
  tools: ItemTools,
): Promise<CompanionProblem | undefined> {
  for (const companion of companions) {
    try {
      await create(companion, tools)
    } catch (thrown) {
      // It is about another object, such as the quota of the namespace: the same create may succeed.
      if (isConflict(thrown)) throw thrown
      const refusal = refusalOf(thrown)
      const { message } = refusal
      if (companion.onError !== undefined) return { text: `${companion.onError}: ${message}`, ...refusedFor(refusal) }
      const { kind, metadata } = companion.manifest
      tools.log.warn(`could not create ${kind} ${metadata.name} for ${itemName}: ${message}`)
    }
  }
  return undefined
}

/** Why an item fails because of a companion. */
export interface CompanionProblem {
  text: string
  refusedFor?: TroubleKind
}

async function create(companion: Companion, tools: ItemTools): Promise<void> {
  const { resource, manifest, status } = companion
  const options = optionsOf(companion, tools)
  try {
    await createOrder(tools.cluster, resource, manifest, options)
  } catch (thrown) {
    if (!isAlreadyExists(thrown)) throw thrown
    await complete(companion, thrown, tools)
  }
  if (status === undefined) return
  await tools.cluster.patch(refOf(companion), { status }, { ...options, subresource: 'status' })
}

function optionsOf({ ofDrydock }: Companion, { mark }: ItemTools): WriteOptions {
  return { fieldManager: fieldManagerOf(mark.uid), ...(ofDrydock && { ofDrydock }) }
}

/** Several items may share a companion: each adds its own entries to those of the others. */
async function complete(companion: Companion, refusal: unknown, tools: ItemTools): Promise<void> {
  for (let tries = 1; ; tries++) {
    const live = await tools.cluster.get(refOf(companion))
    if (live?.metadata.labels?.[restoreUidLabel] !== tools.mark.uid) throw refusal
    const patch = missingEntries(companion, live)
    if (patch === undefined) return
    const { uid, resourceVersion } = live.metadata
    const guarded = { ...patch, metadata: { uid, resourceVersion } }
    try {
      await tools.cluster.patch(refOf(companion), guarded, optionsOf(companion, tools))
      return
    } catch (thrown) {
      if (!isConflict(thrown) || tries >= conflictsMax) throw thrown
    }
  }
}

/** The patch that appends the missing entries to the live list; undefined where none is missing. */
function missingEntries({ appends, manifest }: Companion, live: Manifest): Record<string, unknown> | undefined {
  if (appends === undefined) return undefined
  const existing = listAt(live, ...appends)
  const known = new Set(existing.map((entry) => JSON.stringify(entry)))
  const missing = listAt(manifest, ...appends).filter((entry) => !known.has(JSON.stringify(entry)))
  if (missing.length === 0) return undefined
  return nest(appends, [...existing, ...missing])
}

function nest(path: readonly string[], value: unknown): Record<string, unknown> {
  const [key = '', ...rest] = path
  return { [key]: rest.length === 0 ? value : nest(rest, value) }
}

function refOf({ resource, manifest }: Companion): ObjectRef {
  const { name, namespace } = manifest.metadata
  return { ...resource, ...(namespace === undefined ? {} : { namespace }), name }
}
