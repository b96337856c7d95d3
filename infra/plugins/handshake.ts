/**
 * What a plugin must find in its environment, and answer in its first line. Source: pkg/plugin/framework/handshake.go of
 * Velero, client.go of hashicorp/go-plugin.
 */
export const handshakeEnvironment: Readonly<Record<string, string>> = {
  VELERO_PLUGIN: 'hello',
  PLUGIN_MIN_PORT: '10000',
  PLUGIN_MAX_PORT: '25000',
  PLUGIN_PROTOCOL_VERSIONS: '2',
}

/** What gives access to Temporal, to the receiver of notifications or of traces, in the worker's name. */
const hidden = /^(?:TEMPORAL_|DRYDOCK_NOTIFY_|OTEL_EXPORTER_OTLP_)/

/** The environment of plugins: that of the worker, as they get that of Velero's server, but for such access. */
export function environmentOfPlugins(
  env: Readonly<Record<string, string | undefined>>,
  veleroNamespace: string,
): Record<string, string | undefined> {
  const own = Object.entries(env).filter(([name]) => !hidden.test(name))
  return { ...Object.fromEntries(own), VELERO_NAMESPACE: veleroNamespace }
}

const [coreVersion, protocolVersion] = ['1', '2']

/** Characters of a first line that an error quotes. */
const quotedMax = 200

/**
 * Reads the first line of a plugin: `1|2|unix|<socket>|grpc`. Returns the address for gRPC, or what is wrong with it. Only
 * sockets of this machine are accepted.
 */
export function readHandshake(line: string): { address: string; socket?: string } | { problem: string } {
  const [core, version, network, address, protocol] = line.trim().split('|')
  if (address === undefined)
    return { problem: `it is no plugin of Velero: its first line is ${JSON.stringify(line.slice(0, quotedMax))}` }
  if (core !== coreVersion)
    return { problem: `its handshake has version ${JSON.stringify(core)}, and Drydock has version ${coreVersion}` }
  if (version !== protocolVersion)
    return {
      problem: `it speaks version ${JSON.stringify(version)} of the plugin protocol, and Drydock version ${protocolVersion}`,
    }
  if (protocol !== 'grpc') return { problem: `it speaks ${JSON.stringify(protocol ?? 'netrpc')} instead of gRPC` }
  if (network === 'unix') return { address: `unix:${address}`, socket: address }
  if (network === 'tcp' && /^(?:127\.0\.0\.1|localhost|\[::1\]):\d+$/.test(address)) return { address }
  return { problem: `it listens on ${JSON.stringify(`${network} ${address}`)}, not on a socket of this machine` }
}
