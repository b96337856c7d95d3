import type { Home } from '../home.ts'
import type { Cluster, ExtraService } from '../stack-types.ts'

export interface ExtraOptions {
  with?: readonly ExtraService[]
  veleroFlags?: readonly string[]
}

/** Starts what was asked for beside the cluster. */
export async function startExtraServices(_home: Home, _cluster: Cluster, _options: ExtraOptions): Promise<void> {}
