import type { PodVolumeRules, PodVolumeFacts } from '../../../core/volumes/decide-pod-volumes.ts'
import type { PodWithVolumes } from '../../../core/volumes/pod-volume-restore.ts'
import { backupRepository } from '../../../core/volumes/backup-repository.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const start = Date.parse('2026-11-24T10:00:00Z')

/** A pod with the volumes `data` and `logs`. */
export function aPodWithVolumes(target: Partial<PodWithVolumes> = {}): PodWithVolumes {
  const volume = (name: string) => ({ volume: name, snapshotID: `s-${name}`, snapshotSize: 7, uploaderType: 'kopia' })
  return {
    item: { groupResource: 'pods', namespace: 'app', name: 'web' },
    pod: { namespace: 'copy', name: 'web', uid: 'pod-uid' },
    volumes: [volume('data'), volume('logs')],
    at: '2026-11-24T10:00:00Z',
    ...target,
  }
}

export function aPodVolumeRestore(name: string, phase?: string, message?: string): [string, Manifest] {
  const status = phase === undefined ? {} : { status: { phase, ...(message === undefined ? {} : { message }) } }
  return [name, { apiVersion: 'velero.io/v1', kind: 'PodVolumeRestore', metadata: { name }, ...status }]
}

export function aRepository(phase?: string, message?: string): Manifest {
  const made = backupRepository({ namespace: 'app', location: 'default', type: 'kopia' }, 'velero')
  return phase === undefined ? made : { ...made, status: { phase, message } }
}

export function aRestoredPod(spec: object = { nodeName: 'n1' }, status: object = {}): Manifest {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'copy', uid: 'pod-uid' }, spec, status }
}

/** Minutes after the pod was restored, in a cluster where all is well. */
export function someFacts(minutes: number, facts: Partial<PodVolumeFacts> = {}): PodVolumeFacts {
  return {
    nowMs: start + minutes * 60_000,
    nodeAgent: true,
    repositories: [aRepository('Ready')],
    podVolumeRestores: new Map(),
    pods: new Map([['pod-uid', aRestoredPod()]]),
    nodes: new Set(['n1']),
    agents: new Set(['n1']),
    refused: new Map(),
    ...facts,
  }
}

export function someRules(rules: Partial<PodVolumeRules> = {}): PodVolumeRules {
  return {
    location: 'default',
    timeoutMs: 240 * 60_000,
    resourceTimeoutMs: 10 * 60_000,
    sinceMs: start,
    nameOf: (_work, volume) => volume,
    agentMissingSince: () => undefined,
    ...rules,
  }
}
