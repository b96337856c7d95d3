import { veleroControllersOf } from '../../core/request/take-over.ts'
import type { Cluster } from '../ports.ts'
import type { Settings } from '../settings.ts'

/** Whether Velero's own restore controllers run; a setting overrules what the Deployment says. */
export async function readVeleroControllers(cluster: Cluster, settings: Settings): Promise<'on' | 'off'> {
  if (settings.veleroControllers !== 'auto') return settings.veleroControllers
  const { veleroNamespace: namespace } = settings
  const deployment = { group: 'apps', version: 'v1', resource: 'deployments', namespace, name: 'velero' }
  return veleroControllersOf(await cluster.get(deployment))
}
