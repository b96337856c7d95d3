type Env = Readonly<Record<string, string | undefined>>

/** Whether OpenTelemetry's variables name a receiver of traces, and do not turn them off. */
export function isTracingAsked(env: Env): boolean {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none') return false
  return endpointsOf(env).length > 0
}

/** What is wrong with those variables, a line each; nothing where no traces are asked for. */
export function tracingProblems(env: Env): string[] {
  if (!isTracingAsked(env)) return []
  const problems = endpointsOf(env)
    .filter(([, text]) => !/^https?:\/\//.test(text) || !URL.canParse(text))
    .map(
      ([name, text]) =>
        `${name} is "${withoutUser(text)}": it takes the http or https address of a receiver, e.g. http://localhost:4318`,
    )
  const names = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL']
  const [name, protocol] = names.map((one) => [one, env[one] ?? ''] as const).find(([, text]) => text !== '') ?? []
  if (protocol?.startsWith('http/') === false)
    problems.push(`${name} is "${protocol}": traces go over HTTP (http/json or http/protobuf), not ${protocol}`)
  return problems
}

/** An address may hold a password, and problems are printed. */
function withoutUser(address: string): string {
  return address.replace(/[^/@]*@/, '…@')
}

function endpointsOf(env: Env): [name: string, text: string][] {
  return ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT']
    .map((name): [string, string] => [name, env[name] ?? ''])
    .filter(([, text]) => text !== '')
}
