import { refusalOf } from '../../core/port-errors.ts'
import { textAt } from '../../core/values/fields.ts'
import { validLabelValue } from '../../core/values/derived-names.ts'
import type { Tally } from '../../core/results/tally.ts'
import { restoreVolumeInfos } from '../../core/volumes/restore-volume-infos.ts'
import { restoreNameLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { RestoreVolumeInfo } from '../../velero/volume-info.ts'
import { listIfServed } from '../frame/served-kinds.ts'
import { dataDownloads, listOrders, podVolumeRestores } from '../operations/node-agent-orders.ts'
import type { Cluster, Log } from '../ports.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'

const claimsResource = { group: '', version: 'v1', resource: 'persistentvolumeclaims' }
const snapshotsResource = { group: 'snapshot.storage.k8s.io', version: 'v1', resource: 'volumesnapshots' }

/**
 * Reads how the data of the restored volumes came back: a few LISTs, and none for a restore without volumes; Velero reads
 * each claim and volume by itself. What the API server refuses to show is left out, with a line in the worker's log:
 * volume infos only describe the restore. Transient errors are thrown.
 */
export async function gatherVolumeInfos(
  tally: Tally,
  ref: AdmittedRef,
  { cluster, log }: { cluster: Cluster; log: Log },
): Promise<RestoreVolumeInfo[]> {
  const created = createdClaims(tally)
  const claimOfVolume = claimsOfVolumes(tally)
  const hasOperations = [...tally.values()].some(({ operation }) => operation !== undefined)
  const natives = [...tally.values()].flatMap(({ native }) => native ?? [])
  if (created.size === 0 && claimOfVolume.size === 0 && natives.length === 0 && !hasOperations) return []
  const read = async <T>(what: string, reading: () => Promise<T[]>): Promise<T[]> => {
    try {
      return await reading()
    } catch (thrown) {
      log.warn(`the volume info of restore ${ref.name} is incomplete: no ${what}: ${refusalOf(thrown).message}`)
      return []
    }
  }
  const labelSelector = `${restoreNameLabel}=${validLabelValue(ref.name)}`
  const [listed, orders, downloads] = await Promise.all([
    created.size === 0 ? [] : read('claims', () => cluster.list(claimsResource, { labelSelector })),
    claimOfVolume.size === 0 ? [] : read('PodVolumeRestores', () => listOrders(cluster, podVolumeRestores, ref)),
    hasOperations ? read('DataDownloads', () => listOrders(cluster, dataDownloads, ref)) : [],
  ])
  const claims = listed.filter((claim) => created.has(placeOf(claim)))
  const fromSnapshot = claims.some((claim) => textAt(claim, 'spec', 'dataSource', 'kind') === 'VolumeSnapshot')
  const found = fromSnapshot ? await read('VolumeSnapshots', () => listIfServed(cluster, snapshotsResource, {})) : []
  const snapshots = new Map(found.map((snapshot) => [placeOf(snapshot), snapshot]))
  return restoreVolumeInfos({ claims, snapshots, podVolumeRestores: orders, downloads, claimOfVolume, natives })
}

function createdClaims(tally: Tally): Set<string> {
  const claims = [...tally.values()].filter(
    ({ action, object }) => action === 'created' && object?.resource === 'persistentvolumeclaims',
  )
  return new Set(claims.map(({ object }) => `${object?.namespace ?? ''}/${object?.name ?? ''}`))
}

function claimsOfVolumes(tally: Tally): Map<string, string> {
  const claims = new Map<string, string>()
  for (const { object, podVolumes } of tally.values()) {
    for (const { volume, claim } of podVolumes ?? []) {
      if (claim !== undefined) claims.set(`${object?.namespace ?? ''}/${object?.name ?? ''}/${volume}`, claim)
    }
  }
  return claims
}

function placeOf({ metadata }: Manifest): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}
