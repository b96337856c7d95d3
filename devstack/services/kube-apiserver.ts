import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { onFreePorts } from '../processes/free-ports.ts'
import type { Home } from '../home.ts'
import { nodeFlags } from '../node/start-node.ts'
import { launch } from '../processes/launch.ts'
import type { ClusterAddress, NodePlace } from '../stack-types.ts'
import { answersOk } from './answers-ok.ts'

export interface ApiServerOptions {
  etcd: string
  /** The prefix of this cluster in etcd; several clusters can share one etcd. */
  etcdPrefix?: string
  audit?: boolean
  /** Refuses pods whose ServiceAccount does not exist, as a complete cluster does. */
  serviceAccountAdmission?: boolean
  /** A real node will be there: the server listens where its pods look for it, and knows its kubelet. */
  node?: NodePlace
  /**
   * Without priority and fairness, whose objects and controller cost a start a sixth of its CPU time; limits of requests stay. On
   * one processor: threads that wake each other cost more than they gain where many servers share few processors.
   */
  lean?: boolean
}

/**
 * Starts kube-apiserver as a real cluster has it: RBAC, TLS by its own certificate, tokens. Admission of service
 * accounts is off unless asked for, since only kube-controller-manager creates the accounts that it requires.
 */
export async function startApiServer(home: Home, options: ApiServerOptions): Promise<ClusterAddress> {
  const tokens = { admin: randomBytes(16).toString('hex'), readonly: randomBytes(16).toString('hex') }
  writeSecrets(home.folder('kube-apiserver'), tokens, options.node)
  if (options.node !== undefined) return launchApiServer(home, { port: 443, tokens }, options)
  return onFreePorts(1, ([port = 0]) => launchApiServer(home, { port, tokens }, options))
}

/** Starts it on a given port with given tokens, so that a server which was stopped returns under its address. */
export async function launchApiServer(
  home: Home,
  { port, tokens }: { port: number; tokens: ClusterAddress['tokens'] },
  options: ApiServerOptions,
): Promise<ClusterAddress> {
  const host = options.node?.apiAddress ?? '127.0.0.1'
  const kubeUrl = `https://${host}:${port}`
  const folder = home.folder('kube-apiserver')
  const auditLog = options.audit === true ? join(folder, 'audit.log') : undefined
  const args = [
    ...serverFlags(folder, { host, port }, options),
    ...(options.node === undefined ? clusterFlags : await nodeFlags(home, options.node)),
  ]
  await launch(home, {
    name: 'kube-apiserver',
    binary: await home.tool('kube-apiserver'),
    args: auditLog === undefined ? args : [...args, ...auditFlags(folder, auditLog)],
    ...(options.lean === true ? { env: { GOMAXPROCS: '1' } } : {}),
    address: kubeUrl,
    ready: () =>
      answersOk({ url: kubeUrl + readyEnough, certificate: join(folder, 'apiserver.crt'), token: tokens.admin }),
  })
  const kubeCa = readFileSync(join(folder, 'apiserver.crt'), 'utf8')
  const kubeconfig = join(home.dir, 'kubeconfig')
  writeFileSync(kubeconfig, stringify(kubeconfigOf(kubeUrl, kubeCa, tokens)), { mode: 0o600 })
  return { kubeconfig, kubeUrl, kubeCa, tokens, etcd: options.etcd, ...(auditLog === undefined ? {} : { auditLog }) }
}

/** The keys for tokens of service accounts, and the file of users. */
function writeSecrets(folder: string, tokens: ClusterAddress['tokens'], node: NodePlace | undefined): void {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  writeFileSync(serviceAccountKey(folder), keys.privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 })
  writeFileSync(join(folder, 'sa.pub'), keys.publicKey.export({ type: 'spki', format: 'pem' }))
  const users = [
    `${tokens.admin},admin,admin,system:masters`,
    `${tokens.readonly},drydock-readonly,drydock-readonly`,
    ...(node === undefined ? [] : [`${node.token},system:node:${node.name},${node.name},system:nodes`]),
  ]
  writeFileSync(join(folder, 'tokens.csv'), `${users.join('\n')}\n`, { mode: 0o600 })
}

function serverFlags(
  folder: string,
  { host, port }: { host: string; port: number },
  options: ApiServerOptions,
): string[] {
  return [
    `--etcd-servers=${options.etcd}`,
    `--etcd-prefix=${options.etcdPrefix ?? '/registry'}`,
    `--secure-port=${port}`,
    `--bind-address=${host}`,
    `--advertise-address=${host}`,
    // The endpoints of the service `kubernetes` may not contain a loopback address.
    '--endpoint-reconciler-type=none',
    `--cert-dir=${folder}`,
    `--token-auth-file=${join(folder, 'tokens.csv')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${join(folder, 'sa.pub')}`,
    `--service-account-signing-key-file=${serviceAccountKey(folder)}`,
    ...(options.serviceAccountAdmission === true ? [] : ['--disable-admission-plugins=ServiceAccount']),
    ...(options.lean === true ? ['--enable-priority-and-fairness=false'] : []),
    '--allow-privileged=true',
    '--profiling=false',
  ]
}

const clusterFlags: readonly string[] = ['--authorization-mode=RBAC', '--service-cluster-ip-range=10.96.0.0/16']

/** Blocking and strict: a request whose event cannot be written fails, so the log can be used as evidence. */
function auditFlags(folder: string, log: string): string[] {
  const policy = join(folder, 'audit-policy.yaml')
  writeFileSync(
    policy,
    stringify({
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived'],
      rules: [{ level: 'Metadata' }],
    }),
  )
  // The server adds to a file that is there, so whoever empties it meanwhile finds no gap in it.
  writeFileSync(log, '', { flag: 'a', mode: 0o600 })
  return [
    `--audit-policy-file=${policy}`,
    `--audit-log-path=${log}`,
    '--audit-log-mode=blocking-strict',
    // Otherwise it begins another file after 100 MB, and who reads this one misses what came before.
    `--audit-log-maxsize=${auditMegabytesMax}`,
  ]
}

const auditMegabytesMax = 100_000

function kubeconfigOf(server: string, ca: string, tokens: ClusterAddress['tokens']): object {
  const users = { admin: tokens.admin, 'drydock-readonly': tokens.readonly }
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'stack', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } },
    ],
    users: Object.entries(users).map(([name, token]) => ({ name, user: { token } })),
    contexts: Object.keys(users).map((name) => ({ name, context: { cluster: 'stack', user: name } })),
    'current-context': 'admin',
  }
}

/** Roles and priority classes are made while Velero's resources are; the cluster's setup waits for the rest. */
const readyEnough =
  '/readyz?exclude=poststarthook/rbac/bootstrap-roles&exclude=poststarthook/scheduling/bootstrap-system-priority-classes'

const serviceAccountKey = (folder: string): string => join(folder, 'sa.key')
