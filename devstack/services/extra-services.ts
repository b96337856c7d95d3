import type { Home } from '../home.ts'
import { startNode } from '../node/start-node.ts'
import type { Cluster, ExtraService } from '../stack-types.ts'
import type { ToolName } from '../tools/tools.ts'
import { startControllerManager } from './kube-controller-manager.ts'
import { startScheduler } from './kube-scheduler.ts'
import { startKwok } from './kwok.ts'
import { startVelero } from './velero.ts'
import type { VeleroPlugin } from './velero.ts'

export interface ExtraOptions {
  with?: readonly ExtraService[]
  /** Flags of Velero's server; by default those that hand its restore controllers' work to Drydock. */
  veleroFlags?: readonly string[]
  /** Plugins that Velero's server gets beside the one for the bucket. */
  veleroPlugins?: readonly VeleroPlugin[]
}

/** Starts the requested services, in an order in which each finds what it needs. */
export async function startExtraServices(home: Home, cluster: Cluster, options: ExtraOptions): Promise<void> {
  for (const service of extraServices) {
    if (options.with?.includes(service) === true) await start(service, { home, cluster, options })
  }
}

/** All of them, in the order of their start. */
export const extraServices: readonly ExtraService[] = ['controllerManager', 'scheduler', 'node', 'kwok', 'velero']

/** The tools that a service runs. */
export const extraTools: Readonly<Record<ExtraService, readonly ToolName[]>> = {
  controllerManager: ['kube-controller-manager'],
  scheduler: ['kube-scheduler'],
  node: ['kubelet', 'velero', 'velero-restore-helper'],
  kwok: ['kwok'],
  velero: ['velero', 'velero-plugin-for-aws'],
}

interface Start {
  home: Home
  cluster: Cluster
  options: ExtraOptions
}

function start(service: ExtraService, { home, cluster, options }: Start): Promise<void> {
  switch (service) {
    case 'controllerManager':
      return startControllerManager(home, cluster)
    case 'scheduler':
      return startScheduler(home, cluster)
    case 'node':
      return startNode(home, cluster)
    case 'kwok':
      return startKwok(home, cluster)
    case 'velero':
      return startVelero(home, cluster, options.veleroFlags, options.veleroPlugins)
  }
}
