import { validLabelValue } from '../../core/values/derived-names.ts'
import { restoreNameLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { Cluster } from '../ports.ts'
import type { TendedPod } from './run-pod-hooks.ts'

/** Up to so many pods are read one by one, more in one list. */
const singlesMax = 16
const pods = { group: '', version: 'v1', resource: 'pods' }

/**
 * The live pods beside those that are tended; undefined for one that is gone or was made again under its name. Many are
 * read as one list from the server's cache; that a pod is missing there is not believed before it is read by itself.
 */
export async function readPods(
  cluster: Cluster,
  restoreName: string,
  tended: readonly TendedPod[],
): Promise<[TendedPod, Manifest | undefined][]> {
  const listed = new Map<string, Manifest>()
  if (tended.length > singlesMax) {
    const labelSelector = `${restoreNameLabel}=${validLabelValue(restoreName)}`
    for (const pod of await cluster.list(pods, { labelSelector, cached: true })) listed.set(pod.metadata.uid ?? '', pod)
  }
  return Promise.all(
    tended.map(async (one): Promise<[TendedPod, Manifest | undefined]> => {
      const { uid, namespace, name } = one.pod
      const found = listed.get(uid) ?? (await cluster.get({ ...pods, namespace, name }))
      return [one, found?.metadata.uid === uid ? found : undefined]
    }),
  )
}
