import type { RequestOptions } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'

/** What it takes to reach the API server and to be known there. */
export interface Credentials {
  origin: string
  /** Path in front of all paths, where the API server stands behind a gateway; without a slash at its end. */
  basePath: string
  headers: Readonly<Record<string, string>>
  tls: TlsMaterial
  proxyUrl: string | undefined
}

export interface TlsMaterial {
  ca?: string
  cert?: string
  key?: string
  servername?: string
  rejectUnauthorized?: boolean
}

export interface CredentialSource {
  /** Credentials that were valid a few seconds ago: token files and plugins are asked again at most that often. */
  current(): Promise<Credentials>
  /** Reads everything again, the kubeconfig too, unless somebody else did so since `refused` was handed out. */
  reload(refused: Credentials): Promise<Credentials>
}

const freshMs = 10_000

/**
 * Reads credentials the way Kubernetes' own clients do: the file given, else `KUBECONFIG`, `~/.kube/config` or the
 * pod's service account; client certificates, tokens, token files that rotate, exec and OIDC plugins.
 */
export function openCredentials(options: {
  kubeconfig?: string | undefined
  context?: string | undefined
}): CredentialSource {
  let config = loadKubeConfig(options)
  let held: Credentials | undefined
  let readAt = 0
  let reading: Promise<Credentials> | undefined

  async function read(): Promise<Credentials> {
    const startedAt = performance.now()
    const credentials = await readCredentials(config)
    held = sameCredentials(held, credentials) ?? credentials
    readAt = startedAt
    return held
  }

  function readOnce(): Promise<Credentials> {
    reading ??= read().finally(() => {
      reading = undefined
    })
    return reading
  }

  return {
    async current() {
      return held !== undefined && performance.now() - readAt < freshMs ? held : readOnce()
    },
    async reload(refused) {
      if (held !== undefined && held !== refused) return held
      if (reading === undefined) config = loadKubeConfig(options)
      held = undefined
      return readOnce()
    },
  }
}

/** A kubeconfig that is not there or does not say where the cluster is; the message is one sentence. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError'
}

function loadKubeConfig(options: { kubeconfig?: string | undefined; context?: string | undefined }): KubeConfig {
  const config = new KubeConfig()
  try {
    if (options.kubeconfig === undefined) config.loadFromDefault()
    else config.loadFromFile(options.kubeconfig)
  } catch (cause) {
    const files = options.kubeconfig ?? process.env['KUBECONFIG'] ?? '~/.kube/config'
    throw new KubeconfigError(whyNoKubeconfig(files, cause), { cause })
  }
  // What Kubernetes' client library falls back to; a server without TLS at this port has not been Kubernetes' for years.
  if (config.getCurrentCluster()?.server === 'http://localhost:8080')
    throw new KubeconfigError('there is no kubeconfig: name one, set KUBECONFIG or write ~/.kube/config')
  const place = options.kubeconfig === undefined ? 'the kubeconfig' : `the kubeconfig ${options.kubeconfig}`
  if (options.context !== undefined) config.setCurrentContext(options.context)
  const context = config.getContextObject(config.getCurrentContext())
  if (context === null) throw new KubeconfigError(`${place} ${whyNoContext(config)}`)
  if (config.getCurrentCluster() !== null) return config
  throw new KubeconfigError(
    `${place} has no cluster ${quoted(context.cluster)}, which its context ${quoted(context.name)} names`,
  )
}

/** `files` is a path, or several as `KUBECONFIG` has them. */
function whyNoKubeconfig(files: string, cause: unknown): string {
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

function whyNoContext(config: KubeConfig): string {
  const names = config.getContexts().map(({ name }) => quoted(name))
  const known = names.length === 0 ? 'it has none at all' : `it has ${names.join(', ')}`
  const wanted = config.getCurrentContext() as string | undefined
  return wanted === undefined || wanted === ''
    ? `has no current context: name one; ${known}`
    : `has no context ${quoted(wanted)}; ${known}`
}

function quoted(name: string): string {
  return JSON.stringify(name)
}

async function readCredentials(config: KubeConfig): Promise<Credentials> {
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new Error('the kubeconfig names no cluster')
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  const url = new URL(cluster.server)
  return {
    origin: url.origin,
    basePath: url.pathname.replace(/\/+$/, ''),
    headers: readHeaders(options),
    tls: readTls(options),
    proxyUrl: cluster.proxyUrl,
  }
}

function readHeaders(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (typeof value === 'string') headers[name.toLowerCase()] = value.trim()
  }
  if (typeof options.auth === 'string')
    headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`
  return headers
}

function readTls(options: RequestOptions): TlsMaterial {
  return {
    ...text('ca', options.ca),
    ...text('cert', options.cert),
    ...text('key', options.key),
    ...text('servername', options.servername),
    ...(options.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: options.rejectUnauthorized }),
  }
}

function text(key: 'ca' | 'cert' | 'key' | 'servername', value: unknown): TlsMaterial {
  if (typeof value === 'string') return { [key]: value }
  return Buffer.isBuffer(value) ? { [key]: value.toString('utf8') } : {}
}

/** The object held before where nothing changed, so that it can be compared by identity. */
function sameCredentials(held: Credentials | undefined, read: Credentials): Credentials | undefined {
  return held !== undefined && JSON.stringify(held) === JSON.stringify(read) ? held : undefined
}
