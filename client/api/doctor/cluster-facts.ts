import { workerRights } from '../../../core/doctor/judge-cluster.ts'
import type { ClusterFacts, Right, VeleroFacts } from '../../../core/doctor/judge-cluster.ts'
import { ApiError } from '../../../core/port-errors.ts'
import type { ObjectRef } from '../../../velero/resource.ts'
import type { Connections } from '../connections.ts'

/** Looks at the API server, and at what this user may do. The reviews are answered and not stored. */
export async function readCluster({ connection }: Connections): Promise<ClusterFacts> {
  const version = (await quietly(() => connection.send({ method: 'GET', path: '/version' }))) as
    { gitVersion?: string } | undefined
  const user = (await quietly(() => review(connection, 'authentication.k8s.io/v1', 'SelfSubjectReview', undefined))) as
    { status?: { userInfo?: { username?: string } } } | undefined
  const rights = await Promise.all(workerRights.map((right) => askRight(connection, right)))
  return {
    reachable: true,
    version: version?.gitVersion,
    user: user?.status?.userInfo?.username,
    rights,
  }
}

type Connection = Connections['connection']

async function askRight(connection: Connection, { verb, group, resource }: Omit<Right, 'allowed'>): Promise<Right> {
  const spec = { resourceAttributes: { verb, group, resource } }
  const { status } = (await review(connection, 'authorization.k8s.io/v1', 'SelfSubjectAccessReview', spec)) as {
    status?: { allowed?: boolean }
  }
  return { verb, group, resource, allowed: status?.allowed === true }
}

function review(connection: Connection, apiVersion: string, kind: string, spec: object | undefined): Promise<unknown> {
  const path = `/apis/${apiVersion}/${kind.toLowerCase()}s`
  return connection.send({ method: 'POST', path, body: { apiVersion, kind, ...(spec === undefined ? {} : { spec }) } })
}

/** Looks at Velero's namespace, its CRDs and the Deployment of its server. */
export async function readVelero({ connection: { cluster }, namespace }: Connections): Promise<VeleroFacts> {
  const get = (ref: ObjectRef) => quietly(() => cluster.get(ref))
  const crds = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' }
  const [space, resources, podVolumeRestores, deployment] = await Promise.all([
    quietly(() =>
      cluster.get({ group: '', version: 'v1', resource: 'namespaces', name: namespace }).then((found) => ({ found })),
    ),
    cluster.discover(),
    get({ ...crds, name: 'podvolumerestores.velero.io' }),
    get({ group: 'apps', version: 'v1', resource: 'deployments', namespace, name: 'velero' }),
  ])
  return {
    namespace,
    // Who may not read it is told by what else is refused.
    hasNamespace: space === undefined || space.found !== undefined,
    served: resources
      .filter(({ group }) => group === 'velero.io')
      .map(({ resource, group, version }) => `${resource}.${group}/${version}`),
    requiresRestoreType: podVolumeRestores === undefined ? undefined : requires(podVolumeRestores, 'restoreType'),
    deployment,
  }
}

/** Whether a version of a CRD requires a field of `spec`. */
function requires(crd: object, field: string): boolean {
  const { spec } = crd as { spec?: { versions?: { schema?: { openAPIV3Schema?: Schema } }[] } }
  return (spec?.versions ?? []).some(({ schema }) =>
    schema?.openAPIV3Schema?.properties?.['spec']?.required?.includes(field),
  )
}

interface Schema {
  properties?: Record<string, Schema>
  required?: string[]
}

/** What may be read; undefined where the API server refuses it. Trouble of another kind is thrown. */
async function quietly<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (thrown) {
    if (thrown instanceof ApiError && (thrown.code === 403 || thrown.code === 404)) return undefined
    throw thrown
  }
}
