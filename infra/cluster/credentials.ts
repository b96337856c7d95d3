import { readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { runExecPlugin } from './exec-plugin.ts'
import type { PluginCredential } from './exec-plugin.ts'
import { KubeconfigError, readKubeContext } from './kubeconfig.ts'
import type { KubeconfigChoice, KubeContext, KubeUser } from './kubeconfig.ts'

export { KubeconfigError } from './kubeconfig.ts'

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
 * pod's service account; client certificates, tokens, token files that rotate, exec and OIDC plugins. Throws a
 * `KubeconfigError` where there is no usable kubeconfig.
 */
export function openCredentials(choice: KubeconfigChoice): CredentialSource {
  let reader = readerOf(readKubeContext(choice))
  let held: Credentials | undefined
  let readAt = 0
  let reading: Promise<Credentials> | undefined

  async function read(): Promise<Credentials> {
    const startedAt = performance.now()
    const credentials = await reader()
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
      if (reading === undefined) reader = readerOf(readKubeContext(choice))
      held = undefined
      return readOnce()
    },
  }
}

/** Reads files again each time, since they rotate. What a plugin has printed is kept until it expires. */
function readerOf(context: KubeContext): () => Promise<Credentials> {
  const { cluster, user } = context
  const url = new URL(cluster.server)
  if (url.protocol === 'http:' && cluster['insecure-skip-tls-verify'] !== true)
    throw new KubeconfigError(
      `the kubeconfig has an address without TLS, ${cluster.server}: it takes insecure-skip-tls-verify to use that`,
    )
  const askPlugin = pluginOf(user)
  const askProvider = providerOf(context)
  return async () => {
    const printed = await askPlugin()
    const authorization = authorizationOf(user, printed) ?? (await askProvider())
    return {
      origin: url.origin,
      basePath: url.pathname.replace(/\/+$/, ''),
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(user.as === undefined ? {} : { 'impersonate-user': user.as }),
      },
      tls: tlsOf(context, printed),
      proxyUrl: cluster['proxy-url'],
    }
  }
}

function authorizationOf(user: KubeUser, printed: PluginCredential | undefined): string | undefined {
  if (user.tokenFile !== undefined) return `Bearer ${readFileSync(user.tokenFile, 'utf8').trim()}`
  if (user.token !== undefined) return `Bearer ${user.token.trim()}`
  if (user.username !== undefined)
    return `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}`
  return printed?.token === undefined ? undefined : `Bearer ${printed.token.trim()}`
}

function tlsOf({ cluster, user }: KubeContext, printed: PluginCredential | undefined): TlsMaterial {
  const ca = pemOf(cluster['certificate-authority-data'], cluster['certificate-authority'])
  const cert = printed?.clientCertificateData ?? pemOf(user['client-certificate-data'], user['client-certificate'])
  const key = printed?.clientKeyData ?? pemOf(user['client-key-data'], user['client-key'])
  const servername = cluster['tls-server-name']
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
  }
}

/** As in client-go, data in the kubeconfig comes before a file. */
function pemOf(data: string | undefined, file: string | undefined): string | undefined {
  if (data !== undefined && data !== '') return Buffer.from(data, 'base64').toString('utf8')
  return file === undefined || file === '' ? undefined : readFileSync(file, 'utf8')
}

function pluginOf({ exec }: KubeUser): () => Promise<PluginCredential | undefined> {
  let held: PluginCredential | undefined
  return async () => {
    if (exec === undefined || exec === null) return undefined
    const expires = held?.expirationTimestamp
    if (held === undefined || (expires !== undefined && Date.parse(expires) <= Date.now()))
      held = await runExecPlugin(exec)
    return held
  }
}

/**
 * What client-go had before plugins (OpenID Connect with its refresh tokens, and two clouds) is left to Kubernetes' client
 * library. It is loaded for such a user only: it takes 0.7 s of CPU and 85 MiB.
 */
function providerOf({ cluster, user, userName }: KubeContext): () => Promise<string | undefined> {
  const provider = user['auth-provider']
  if (provider === undefined || provider === null) return () => Promise.resolve(undefined)
  const loading = import('@kubernetes/client-node').then(({ KubeConfig }) => {
    const config = new KubeConfig()
    config.loadFromOptions({
      clusters: [{ name: 'cluster', server: cluster.server, skipTLSVerify: true }],
      users: [{ name: userName, authProvider: provider }],
      contexts: [{ name: 'context', cluster: 'cluster', user: userName }],
      currentContext: 'context',
    })
    return config
  })
  loading.catch(() => {})
  return async () => {
    const options: RequestOptions & { headers: Record<string, string> } = { headers: {} }
    await (await loading).applyToHTTPSOptions(options)
    return options.headers['Authorization']
  }
}

/** The object held before where nothing changed, so that it can be compared by identity. */
function sameCredentials(held: Credentials | undefined, read: Credentials): Credentials | undefined {
  return held !== undefined && JSON.stringify(held) === JSON.stringify(read) ? held : undefined
}
