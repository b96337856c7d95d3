import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Connection, type TLSConfig } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import { stringify } from 'yaml'
import type { Home } from '../home.ts'
import { freePorts } from '../processes/free-ports.ts'
import { launch } from '../processes/launch.ts'

/** Files by which the server speaks TLS, and by which it knows its clients. */
export interface ServerTls {
  /** The server's certificate, which it also shows to itself as a client, and its key. */
  certFile: string
  keyFile: string
  /** Who signs the server and its clients: who comes without a certificate of this authority is refused. */
  caFile: string
  /** The name in the server's certificate. */
  serverName: string
}

/** What Temporal's own server listens on, and what it has when it answers. */
export interface TemporalServerOptions {
  port: number
  http: number
  metrics: number
  searchAttributes: Readonly<Record<string, string>>
  /** `key=value`, the value as JSON. */
  dynamicConfig: readonly string[]
  /** Clients need a certificate. The address for HTTP then speaks TLS too. */
  tls?: ServerTls
  /** By which this program reaches it. */
  client?: TLSConfig
}

/** Starts Temporal's own server with a database file; it answers once the namespace `default` and its search attributes exist. There is no Web UI. */
export async function launchTemporalServer(home: Home, options: TemporalServerOptions): Promise<void> {
  const folder = home.folder('temporal')
  const inner = await freePorts(8)
  const dynamic = join(folder, 'dynamic.yaml')
  writeFileSync(dynamic, stringify(Object.fromEntries(options.dynamicConfig.map(dynamicEntry))))
  const config = join(folder, 'config.yaml')
  writeFileSync(config, stringify(configOf(folder, inner, { ...options, dynamic })), { mode: 0o600 })
  const address = `127.0.0.1:${options.port}`
  await launch(home, {
    name: 'temporal',
    binary: await home.tool('temporal-server'),
    args: ['--config-file', config, '--allow-no-auth', 'start'],
    address,
    ready: () => prepare(address, options),
  })
}

const dynamicEntry = (text: string): [string, { value: unknown }[]] => {
  const [key = '', value = ''] = text.split(/=(.*)/s)
  return [key, [{ value: JSON.parse(value) as unknown }]]
}

interface Written extends TemporalServerOptions {
  dynamic: string
}

function configOf(folder: string, inner: readonly number[], options: Written): object {
  const { port, http, metrics, tls } = options
  const rpc = (grpcPort: number | undefined, membershipPort: number | undefined) => ({
    grpcPort,
    membershipPort,
    bindOnLocalHost: true,
  })
  return {
    log: { stdout: true, level: 'warn' },
    persistence: {
      defaultStore: 'file',
      visibilityStore: 'file',
      numHistoryShards: 1,
      datastores: { file: { sql: databaseIn(join(folder, 'temporal.db')) } },
    },
    global: {
      membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' },
      metrics: { prometheus: { timerType: 'histogram', listenAddress: `127.0.0.1:${metrics}` } },
      ...(tls === undefined ? {} : { tls: tlsOf(tls) }),
    },
    services: {
      frontend: { rpc: { ...rpc(port, inner[0]), httpPort: http } },
      matching: { rpc: rpc(inner[1], inner[2]) },
      history: { rpc: rpc(inner[3], inner[4]) },
      worker: { rpc: rpc(inner[5], inner[6]) },
    },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `127.0.0.1:${port}`,
          httpAddress: `127.0.0.1:${http}`,
        },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    dynamicConfigClient: { filepath: options.dynamic, pollInterval: '10s' },
  }
}

/** As the dev server keeps it; it never waits for the disk. */
function databaseIn(file: string): object {
  return {
    pluginName: 'sqlite',
    databaseName: file,
    connectAddr: 'localhost',
    connectProtocol: 'tcp',
    connectAttributes: { cache: 'private', setup: 'true', journal_mode: 'wal', synchronous: '0' },
    maxConns: 1,
    maxIdleConns: 1,
    maxConnLifetime: '1h',
  }
}

/** The server's own workers reach its front as any client does, so they have a certificate too. */
function tlsOf({ certFile, keyFile, caFile, serverName }: ServerTls): object {
  const server = { certFile, keyFile, clientCaFiles: [caFile], requireClientAuth: true }
  const client = { serverName, rootCaFiles: [caFile] }
  return { frontend: { server, client }, systemWorker: { certFile, keyFile, client } }
}

/** Makes what the dev server has when it answers. False: not yet. */
async function prepare(address: string, { searchAttributes, client }: TemporalServerOptions): Promise<boolean> {
  const connection = await Connection.connect({
    address,
    connectTimeout: 2000,
    ...(client === undefined ? {} : { tls: client }),
  })
  try {
    const { workflowService, operatorService } = connection
    await workflowService
      .registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs('1 day') })
      .catch((error: unknown) => refuseUnless(error, alreadyExists))
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace })
    const missing = Object.keys(searchAttributes).filter((name) => !(name in customAttributes))
    if (missing.length === 0) return true
    const keyword = Object.fromEntries(missing.map((name) => [name, keywordType]))
    await operatorService.addSearchAttributes({ namespace, searchAttributes: keyword })
    return false
  } finally {
    await connection.close()
  }
}

function refuseUnless(error: unknown, code: number): void {
  if ((error as { code?: unknown }).code !== code) throw error
}

const namespace = 'default'
/** A status of gRPC. */
const alreadyExists = 6
/** Temporal's number of the type Keyword. */
const keywordType = 2
