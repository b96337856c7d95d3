import type { Plan } from '../../../core/plan/plan.ts'
import type { Manifest } from '../../../velero/manifest.ts'

/** The owner of an object. */
interface Controller {
  kind: string
  name: string
}

const ownedBy = ({ kind, name }: Controller) => ({
  ownerReferences: [
    { apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1', kind, name, uid: `uid-of-${name}`, controller: true },
  ],
})

/** A workload of namespace `shop` in the backup. */
export function aWorkload(kind: string, name: string, replicas: unknown, controller?: Controller): Manifest {
  return {
    apiVersion: kind === 'ReplicationController' ? 'v1' : 'apps/v1',
    kind,
    metadata: { namespace: 'shop', name, ...(controller && ownedBy(controller)) },
    spec: { ...(replicas === undefined ? {} : { replicas }), template: { spec: {} } },
  }
}

/** A pod of namespace `shop` in the backup. */
export function aPod(name: string, controller?: Controller): Manifest {
  const metadata = { namespace: 'shop', name, ...(controller && ownedBy(controller)) }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: {} }
}

/** The record of a file system backup of a volume of that pod. */
export function podVolumeBackup(pod: string, namespace = 'shop'): Manifest {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'PodVolumeBackup',
    metadata: { namespace: 'velero', name: `pvb-${pod}` },
    spec: { pod: { namespace, name: pod }, volume: 'v' },
    status: { snapshotID: 's' },
  }
}

/** A plan with these items of namespace `shop`, a wave for each resource. */
export function chunkedPlan(names: Readonly<Record<string, readonly string[]>>): Pick<Plan, 'waves'> {
  return {
    waves: Object.entries(names).map(([groupResource, of]) => ({
      groupResource,
      chunks: [{ items: of.map((name) => ({ namespace: 'shop', name, target: 'copy' })) }],
    })),
  }
}
