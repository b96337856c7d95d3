import { existsSync, readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'

/** The cluster of a kubeconfig's context. Paths are absolute. */
export interface KubeCluster {
  server: string
  'certificate-authority'?: string
  /** Base64 of PEM. */
  'certificate-authority-data'?: string
  'insecure-skip-tls-verify'?: boolean
  'tls-server-name'?: string
  'proxy-url'?: string
}

/** The user of a kubeconfig's context. Paths are absolute. */
export interface KubeUser {
  token?: string
  tokenFile?: string
  username?: string
  password?: string
  'client-certificate'?: string
  'client-certificate-data'?: string
  'client-key'?: string
  'client-key-data'?: string
  /** The user to act as. */
  as?: string
  exec?: ExecPlugin
  /** What client-go had before plugins: `oidc`, `gcp`, `azure`. */
  'auth-provider'?: { name: string; config?: Record<string, unknown> }
}

/** A program that prints credentials. */
export interface ExecPlugin {
  apiVersion?: string
  command: string
  args?: readonly string[] | null
  env?: readonly { name: string; value: string }[] | null
}

/** One context of a kubeconfig, with what it names. */
export interface KubeContext {
  cluster: KubeCluster
  user: KubeUser
  /** The name of the user, for what the kubeconfig keeps about it. */
  userName: string
}

/** A kubeconfig that is not there or does not say where the cluster is; the message is one sentence. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError'
}

/** Which kubeconfig, and which of its contexts; without a name the current one. */
export interface KubeconfigChoice {
  kubeconfig?: string | undefined
  context?: string | undefined
}

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * Reads a kubeconfig where kubectl does: the file given, else the files of `KUBECONFIG` (of two things with one name the first
 * counts), `~/.kube/config` or the pod's service account. Throws a `KubeconfigError`.
 */
export function readKubeContext(choice: KubeconfigChoice): KubeContext {
  const named = choice.kubeconfig ?? (process.env['KUBECONFIG'] || undefined)
  const files = choice.kubeconfig === undefined ? (named?.split(delimiter).filter(Boolean) ?? []) : [choice.kubeconfig]
  const home = homeKubeconfig()
  if (files.length === 0 && home !== undefined && existsSync(home)) files.push(home)
  if (files.length === 0) return serviceAccountContext()
  // As with kubectl, one of several files may be missing.
  const present = files.length > 1 ? files.filter((file) => existsSync(file)) : files
  const read = (present.length === 0 ? files.slice(0, 1) : present).map((file) => readFile(file, named ?? file))
  return pickContext(merged(read), {
    context: choice.context,
    place: choice.kubeconfig === undefined ? 'the kubeconfig' : `the kubeconfig ${choice.kubeconfig}`,
  })
}

/** The one of the user's home. A user whom the system does not know, as in a container with an arbitrary uid, has none. */
function homeKubeconfig(): string | undefined {
  try {
    return join(process.env['HOME'] || homedir(), '.kube', 'config')
  } catch {
    return undefined
  }
}

interface Named<T> {
  name: string
  value: T
}

interface Kubeconfig {
  current: string | undefined
  clusters: readonly Named<KubeCluster>[]
  users: readonly Named<KubeUser>[]
  contexts: readonly Named<{ cluster: string; user?: string }>[]
}

/** `named` is what the user wrote: a path, or several as `KUBECONFIG` has them. */
function readFile(file: string, named: string): Kubeconfig {
  try {
    const text = readFileSync(file, 'utf8')
    const content: unknown = parse(text, { merge: true, logLevel: 'error' })
    return sectionsOf(isRecord(content) ? content : {}, dirname(resolve(file)))
  } catch (cause) {
    throw new KubeconfigError(whyUnreadable(named, cause), { cause })
  }
}

function sectionsOf(content: Record<string, unknown>, folder: string): Kubeconfig {
  const current = content['current-context']
  return {
    current: typeof current === 'string' && current !== '' ? current : undefined,
    clusters: section<KubeCluster>(content, 'cluster', { folder, paths: ['certificate-authority'] }),
    users: section<KubeUser>(content, 'user', { folder, paths: ['client-certificate', 'client-key', 'tokenFile'] }),
    contexts: section(content, 'context', { folder, paths: [] }),
  }
}

/** One list of a kubeconfig. Relative paths in it start at the folder of the file. */
function section<T>(
  content: Record<string, unknown>,
  kind: 'cluster' | 'user' | 'context',
  { folder, paths }: { folder: string; paths: readonly string[] },
): Named<T>[] {
  const list = content[`${kind}s`]
  if (!Array.isArray(list)) return []
  return list.filter(isRecord).map((entry) => {
    const value = { ...(isRecord(entry[kind]) ? entry[kind] : {}) }
    for (const path of paths) {
      const given = value[path]
      if (typeof given === 'string' && given !== '') value[path] = resolve(folder, given)
    }
    const { name } = entry
    return { name: typeof name === 'string' ? name : '', value: value as T }
  })
}

function merged(configs: readonly Kubeconfig[]): Kubeconfig {
  return {
    current: configs.find(({ current }) => current !== undefined)?.current,
    clusters: configs.flatMap(({ clusters }) => clusters),
    users: configs.flatMap(({ users }) => users),
    contexts: configs.flatMap(({ contexts }) => contexts),
  }
}

function pickContext(config: Kubeconfig, where: { context: string | undefined; place: string }): KubeContext {
  const wanted = where.context ?? config.current
  const context = wanted === undefined ? undefined : find(config.contexts, wanted)
  if (context === undefined) throw new KubeconfigError(`${where.place} ${whyNoContext(config, wanted)}`)
  const cluster = find(config.clusters, context.cluster)
  if (cluster === undefined)
    throw new KubeconfigError(
      `${where.place} has no cluster ${quoted(context.cluster)}, which its context ${quoted(wanted ?? '')} names`,
    )
  if (typeof cluster.server !== 'string' || !URL.canParse(cluster.server))
    throw new KubeconfigError(`${where.place} has no address of its cluster ${quoted(context.cluster)}`)
  const userName = context.user ?? ''
  return { cluster, user: find(config.users, userName) ?? {}, userName }
}

function find<T>(list: readonly Named<T>[], name: string): T | undefined {
  return list.find((one) => one.name === name)?.value
}

/** The API server of the cluster that this pod runs in. */
function serviceAccountContext(): KubeContext {
  const tokenFile = `${serviceAccount}/token`
  if (!existsSync(tokenFile))
    throw new KubeconfigError('there is no kubeconfig: name one, set KUBECONFIG or write ~/.kube/config')
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = process.env
  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`
  if (!URL.canParse(server)) throw new KubeconfigError('this pod has no KUBERNETES_SERVICE_HOST')
  return {
    cluster: { server, 'certificate-authority': `${serviceAccount}/ca.crt` },
    user: { tokenFile },
    userName: 'inClusterUser',
  }
}

function whyUnreadable(files: string, cause: unknown): string {
  const { code, path = files, message } = cause as NodeJS.ErrnoException
  switch (code) {
    case 'ENOENT':
      return `the kubeconfig ${path} does not exist`
    case 'EACCES':
      return `the kubeconfig ${path} may not be read by this user`
    case 'EISDIR':
      return `the kubeconfig ${files} is a folder`
    default:
      return `the kubeconfig ${files} cannot be used: ${message.split('\n')[0] ?? ''}`
  }
}

function whyNoContext({ contexts }: Kubeconfig, wanted: string | undefined): string {
  const names = contexts.map(({ name }) => quoted(name))
  const known = names.length === 0 ? 'it has none at all' : `it has ${names.join(', ')}`
  return wanted === undefined
    ? `has no current context: name one; ${known}`
    : `has no context ${quoted(wanted)}; ${known}`
}

function quoted(name: string): string {
  return JSON.stringify(name)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
