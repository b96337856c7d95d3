import type { DeletionRef } from '../../contract/delete-backup.ts'
import { ApiError, isConflict, isNotFound, isTransient } from '../../core/port-errors.ts'
import type { DeleteBackupRequest } from '../../velero/delete-backup-request.ts'
import type { ObjectRef } from '../../velero/resource.ts'
import type { Cluster } from '../ports.ts'

/** The field manager of writes for a deletion. */
export const deletionFieldManager = 'drydock'

/** An object of Velero in the namespace of a request. */
export function besideRequest(
  { namespace }: Pick<DeletionRef, 'namespace'>,
  resource: string,
  name: string,
): ObjectRef {
  return { group: 'velero.io', version: 'v1', resource, namespace, name }
}

/** Reads the request, uncached; undefined where it is gone or is another one of the same name. */
export async function readRequest(cluster: Cluster, ref: DeletionRef): Promise<DeleteBackupRequest | undefined> {
  const found = await cluster.get(besideRequest(ref, 'deletebackuprequests', ref.name))
  return found?.metadata.uid === ref.uid ? (found as unknown as DeleteBackupRequest) : undefined
}

/** How often the change is decided again because another writer came in between. */
const conflictsMax = 10

/** Changes the request by a patch that is decided from the live one. False where it is gone: nothing happens then. */
export async function changeRequest(
  cluster: Cluster,
  ref: DeletionRef,
  decide: (live: DeleteBackupRequest) => { metadata?: object; status?: object },
): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const live = await readRequest(cluster, ref)
    if (live === undefined) return false
    const patch = decide(live)
    const { uid, resourceVersion } = live.metadata
    try {
      await cluster.patch(
        besideRequest(ref, 'deletebackuprequests', ref.name),
        { ...patch, metadata: { ...patch.metadata, uid, resourceVersion } },
        { fieldManager: deletionFieldManager },
      )
      return true
    } catch (thrown) {
      if (!(isConflict(thrown) || isNotFound(thrown)) || tries >= conflictsMax) throw thrown
    }
  }
}

/** Deletes an object, if it is still the one with that uid. */
export async function removeExactly(cluster: Cluster, ref: ObjectRef, uid: string | undefined): Promise<void> {
  try {
    await cluster.remove(ref, uid === undefined ? undefined : { uid })
  } catch (thrown) {
    if (!isNotFound(thrown) && !isConflict(thrown)) throw thrown
  }
}

/** The API server's refusal as the text of an error; undefined where the work went well. Transient trouble is thrown. */
export async function refusalIn(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work()
    return undefined
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || isTransient(thrown)) throw thrown
    return thrown.message
  }
}
