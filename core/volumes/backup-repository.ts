import { repositoryTypeLabel, storageLocationLabel, volumeNamespaceLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { PodVolume } from '../items/outcome.ts'
import { validLabelValue } from '../values/derived-names.ts'
import { textAt } from '../values/fields.ts'

/** The repository with the files of one namespace. The Velero server prepares it, node agents read from it. */
export interface RepositoryKey {
  /** The namespace in the backup. */
  namespace: string
  location: string
  type: string
}

/** The name of the BackupRepository that we create. */
function repositoryName({ namespace, location, type }: RepositoryKey): string {
  return `${namespace}-${location}-${type}`
}

/** The BackupRepository by which the Velero server is asked to prepare a repository. */
export function backupRepository(key: RepositoryKey, veleroNamespace: string): Manifest {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'BackupRepository',
    metadata: { name: repositoryName(key), namespace: veleroNamespace, labels: repositoryLabels(key) },
    spec: {
      volumeNamespace: key.namespace,
      backupStorageLocation: key.location,
      repositoryType: key.type,
      maintenanceFrequency: '0s',
    },
  }
}

/** The labels by which a repository is found. Its name may be any. */
function repositoryLabels(key: RepositoryKey): Record<string, string> {
  return {
    [volumeNamespaceLabel]: validLabelValue(key.namespace),
    [storageLocationLabel]: validLabelValue(key.location),
    [repositoryTypeLabel]: validLabelValue(key.type),
  }
}

/** The type of repository for the volumes of one pod, or Velero's error if they have none or several. */
export function repositoryTypeOf(volumes: readonly PodVolume[]): { type: string } | { error: string } {
  let type = ''
  for (const { uploaderType, snapshotID } of volumes) {
    const here = uploaderType === 'kopia' || uploaderType === 'restic' ? uploaderType : ''
    const of = `snapshot ID ${snapshotID}, uploader ${uploaderType}`
    if (here === '') return { error: `empty repository type found among volume snapshots, ${of}` }
    if (type !== '' && here !== type) {
      return {
        error: `multiple repository type in one backup, current type ${type}, differential one [type ${here}, ${of}]`,
      }
    }
    type = here
  }
  return { type }
}

/** Whether a repository can be used. `broken` has the error. */
export type RepositoryState =
  { is: 'missing' } | { is: 'not ready yet' } | { is: 'ready'; identifier: string } | { is: 'broken'; error: string }

/** The state of the repository with this key, which is found by its labels. */
export function repositoryState(key: RepositoryKey, all: readonly Manifest[]): RepositoryState {
  const wanted = Object.entries(repositoryLabels(key))
  const found = all.filter(({ metadata }) => wanted.every(([label, value]) => metadata.labels?.[label] === value))
  const [repository] = found
  if (repository === undefined) return { is: 'missing' }
  if (found.length > 1) {
    return {
      is: 'broken',
      error: `more than one BackupRepository found for workload namespace "${key.namespace}", backup storage location "${key.location}", repository type "${key.type}"`,
    }
  }
  switch (textAt(repository, 'status', 'phase')) {
    case '':
    case 'New':
      return { is: 'not ready yet' }
    case 'NotReady':
      return { is: 'broken', error: `backup repository is not ready: ${textAt(repository, 'status', 'message')}` }
    default:
      return { is: 'ready', identifier: textAt(repository, 'spec', 'resticIdentifier') }
  }
}
