import type { Manifest } from '../../velero/manifest.ts'

/** What the owner of the worker says about a Velero server: `auto` looks at Deployment `velero`. */
export type VeleroSetting = 'auto' | 'present' | 'absent'

/** Whether a Velero server does its own work in this cluster, so that nothing of it is done twice. */
export function isVeleroPresent(setting: VeleroSetting, deployment: Manifest | undefined): boolean {
  switch (setting) {
    case 'present':
      return true
    case 'absent':
      return false
    case 'auto':
      return ((deployment?.['status'] as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0) > 0
  }
}
