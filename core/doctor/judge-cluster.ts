import type { Manifest } from '../../velero/manifest.ts'
import { veleroControllersOf } from '../request/take-over.ts'
import { finding, note, ok } from './check.ts'
import type { Check } from './check.ts'

/** One right that was asked about: a verb, on everything or on a few resources. */
export interface Right {
  verb: string
  group: string
  resource: string
  allowed: boolean
}

/** The rights of a worker: all objects of backups, and Roles that grant more than it has. */
export const workerRights: readonly Omit<Right, 'allowed'>[] = [
  ...['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'].map((verb) => ({
    verb,
    group: '*',
    resource: '*',
  })),
  ...['escalate', 'bind'].map((verb) => ({ verb, group: 'rbac.authorization.k8s.io', resource: 'clusterroles' })),
]

/** What was seen of the cluster. */
export type ClusterFacts =
  | { reachable: false; reason: string }
  | {
      reachable: true
      /** Such as `v1.36.3`; undefined where the API server does not say. */
      version: string | undefined
      rights: readonly Right[]
      /** The user, as the rights are asked for; undefined where the API server does not say. */
      user: string | undefined
    }

/** What was seen of Velero. */
export interface VeleroFacts {
  namespace: string
  hasNamespace: boolean
  /** Resources of Velero that the cluster serves, as `restores.velero.io/v1`. */
  served: readonly string[]
  /** Whether the CRD of PodVolumeRestores requires `spec.restoreType`, as the version after 1.18 does; undefined where it cannot be read. */
  requiresRestoreType: boolean | undefined
  /** Deployment `velero`; undefined where there is none. */
  deployment: Manifest | undefined
}

/** Judges whether the API server answers, and whether this user has the rights of a worker. */
export function judgeCluster(facts: ClusterFacts): Check[] {
  if (!facts.reachable)
    return [
      finding(
        'Kubernetes',
        facts.reason,
        'say where the cluster is by --kubeconfig, --context or KUBECONFIG, and see with kubectl that it answers',
      ),
    ]
  const answers = ok(
    'Kubernetes',
    `the API server answers${facts.version === undefined ? '' : `, version ${facts.version}`}`,
  )
  const user = facts.user === undefined ? 'this user' : `user ${facts.user}`
  const missing = facts.rights.filter(({ allowed }) => !allowed)
  if (missing.length === 0) return [answers, ok('Kubernetes', `${user} has the rights of a worker`)]
  return [
    answers,
    finding(
      'Kubernetes',
      `${user} lacks rights that a worker needs: ${inWords(missing)}`,
      "give a worker's service account the ClusterRole of deploy/rbac.yaml; where you are another user, ask with the worker's own credentials",
    ),
  ]
}

/** Such as `get, list everything, bind clusterroles.rbac.authorization.k8s.io`. */
function inWords(rights: readonly Right[]): string {
  const verbs = new Map<string, string[]>()
  for (const { verb, group, resource } of rights) {
    const what = resource === '*' ? 'everything' : `${resource}.${group}`
    verbs.set(what, [...(verbs.get(what) ?? []), verb])
  }
  return [...verbs].map(([what, list]) => `${list.join(', ')} ${what}`).join('; ')
}

/** The resources that no restore does without, and what is lost without the others. */
const needed = ['restores', 'backups', 'backupstoragelocations', 'downloadrequests'].map(
  (resource) => `${resource}.velero.io/v1`,
)
const optional: Readonly<Record<string, string>> = {
  'podvolumerestores.velero.io/v1': 'volumes of pods cannot be restored',
  'datadownloads.velero.io/v2alpha1': 'snapshots that a data mover has moved cannot be restored',
}

/** Judges Velero's resources, and who does the work of its server. */
export function judgeVelero(facts: VeleroFacts): Check[] {
  if (!facts.hasNamespace)
    return [
      finding(
        'Velero',
        `there is no namespace "${facts.namespace}"`,
        "name Velero's namespace by -n or VELERO_NAMESPACE",
      ),
    ]
  return [judgeCrds(facts), ...judgeGeneration(facts), judgeServer(facts)]
}

function judgeCrds({ served }: VeleroFacts): Check {
  const missing = needed.filter((resource) => !served.includes(resource))
  const lost = Object.entries(optional).filter(([resource]) => !served.includes(resource))
  if (missing.length > 0)
    return finding(
      'Velero',
      `the cluster does not serve ${missing.join(', ')}`,
      'install the CRDs: velero install --crds-only --dry-run -o yaml | kubectl apply -f -',
    )
  if (lost.length > 0)
    return note('Velero', lost.map(([resource, without]) => `without ${resource} ${without}`).join('; '))
  return ok('Velero', "all of Velero's CRDs that restores need are there")
}

function judgeGeneration({ requiresRestoreType }: VeleroFacts): Check[] {
  if (requiresRestoreType !== true) return []
  return [note('Velero', 'the CRDs are of a version after 1.18: they require spec.restoreType of PodVolumeRestores')]
}

function judgeServer({ deployment }: VeleroFacts): Check {
  if (deployment === undefined)
    return note('Velero', 'no Velero server is installed: a worker does its part for restores')
  const status = deployment['status'] as { readyReplicas?: number } | undefined
  const version = versionOf(deployment)
  const server = version === undefined ? 'a Velero server' : `a Velero server of version ${version}`
  if ((status?.readyReplicas ?? 0) === 0)
    return note('Velero', `${server} is installed and does not run: a worker does its part for restores`)
  if (veleroControllersOf(deployment) === 'off') return ok('Velero', `${server} runs, with its restore controllers off`)
  return finding(
    'Velero',
    `${server} runs with its own restore controllers: workers leave new Restores to it`,
    'start the server with --disable-controllers=restore,restore-operations,restore-finalizer',
  )
}

/** The tag of the server's image. */
function versionOf(deployment: Manifest): string | undefined {
  const spec = deployment['spec'] as { template?: { spec?: { containers?: { image?: string }[] } } } | undefined
  return /:([^:/@]+)(?:@.*)?$/.exec(spec?.template?.spec?.containers?.[0]?.image ?? '')?.[1]
}
