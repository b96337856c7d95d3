import { isConflict } from '../../core/port-errors.ts'
import type { Restore } from '../../velero/restore.ts'
import type { ObjectRef } from '../../velero/resource.ts'
import { gone } from './failures.ts'
import type { Cluster } from '../ports.ts'

/** Who writes the Restore resource: seen in its managedFields. */
export const restoreFieldManager = 'drydock'

/** The Restore resource of a restore. */
export function restoreRef(ref: { namespace: string; name: string }): ObjectRef {
  return { group: 'velero.io', version: 'v1', resource: 'restores', namespace: ref.namespace, name: ref.name }
}

/** Reads the Restore, uncached; undefined where it is gone or is another one of the same name. */
export async function readRestore(
  cluster: Cluster,
  ref: { namespace: string; name: string; uid: string },
): Promise<Restore | undefined> {
  const found = (await cluster.get(restoreRef(ref))) as Restore | undefined
  return found === undefined || found.metadata.uid !== ref.uid ? undefined : found
}

/** How often another writer may come in between before the attempt is given back. */
const conflictsMax = 10

/**
 * Changes the Restore by a patch that the caller decides from the live one; every patch carries the resourceVersion it
 * was decided from, and on a conflict the Restore is read again and decided anew (rule 8). An undefined patch writes
 * nothing. Returns the Restore as it stands then. Throws `RestoreGone` where it is no more.
 */
export async function changeRestore(
  cluster: Cluster,
  ref: { namespace: string; name: string; uid: string },
  decide: (live: Restore) => object | undefined,
): Promise<Restore> {
  for (let tries = 1; ; tries++) {
    const live = await readRestore(cluster, ref)
    if (live === undefined) throw gone(`Restore ${ref.namespace}/${ref.name} with uid ${ref.uid} is no more`)
    const patch = decide(live) as { metadata?: object } | undefined
    if (patch === undefined) return live
    const guarded = {
      ...patch,
      metadata: { ...patch.metadata, uid: ref.uid, resourceVersion: live.metadata.resourceVersion },
    }
    try {
      return (await cluster.patch(restoreRef(ref), guarded, {
        fieldManager: restoreFieldManager,
      })) as unknown as Restore
    } catch (thrown) {
      if (!isConflict(thrown) || tries >= conflictsMax) throw thrown
    }
  }
}
