import { journalFolder } from '../../velero/object-keys.ts'
import { StoreError } from '../../core/port-errors.ts'
import type { ObjectStore, Stores } from '../ports.ts'

/** Which buckets a process has probed, by its stores. */
const probed = new WeakMap<Stores, Set<string>>()

/**
 * Makes sure, once per process and bucket, that a conditional write (`If-None-Match`) writes nothing where an object
 * stands: without that a journal cannot settle anything, and two workers would both go on with their own plan. Throws a
 * `StoreError` of kind `location` that says what to do. What it writes lies in the restore's journal, and is removed.
 */
export async function probeBucket(
  stores: Stores,
  store: ObjectStore,
  owner: { name: string; uid: string; location: string },
): Promise<void> {
  const done = probed.get(stores) ?? new Set<string>()
  probed.set(stores, done)
  if (done.has(store.id)) return
  const key = `${journalFolder(owner.name, owner.uid)}probe`
  const put = (text: string) => store.put(key, Buffer.from(text), { onlyIfAbsent: true })
  // One that stands there already, of an attempt that died, says as much.
  const isReplaced = (await put('first')) && (await put('second'))
  await store.remove([key])
  if (isReplaced)
    throw new StoreError(
      'location',
      `the bucket of backup location "${owner.location}" (${store.id}) ignores If-None-Match: it replaces an object that a conditional write must not touch. Use a server with conditional writes, such as Amazon S3 or a current MinIO, or upgrade the one there is`,
    )
  done.add(store.id)
}
