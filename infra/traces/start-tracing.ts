import type { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry'
import { isTracingAsked } from './is-tracing-asked.ts'

/** The spans of this process. */
export interface Tracing {
  /** To be given to Temporal's client and worker: makes the spans of workflows, activities and signals. */
  plugin: OpenTelemetryPlugin
  /** Sends what is left, as long as that takes little time. */
  end(): Promise<void>
}

/** What this process calls itself in its spans. */
export interface TracingOptions {
  /** `service.name`, unless `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES` say another. */
  service: string
  version: string
  /** Told of spans that could not be sent, and only that: a receiver that is away stops nothing. */
  warn: (message: string) => void
}

/** How long the last spans may take: a process that ends must not wait for a receiver that is away. */
const endMs = 3_000

/**
 * Sends traces by OTLP over HTTP where OpenTelemetry's own variables say where to (`isTracingAsked`); undefined where
 * they do not. Its libraries are loaded only then.
 */
export async function startTracing(
  env: Readonly<Record<string, string | undefined>>,
  { service, version, warn }: TracingOptions,
): Promise<Tracing | undefined> {
  if (!isTracingAsked(env)) return undefined
  const { diag, DiagLogLevel } = await import('@opentelemetry/api')
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks')
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http')
  const { Resource, detectResourcesSync, envDetectorSync } = await import('@opentelemetry/resources')
  const { BasicTracerProvider, BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-base')
  const { OpenTelemetryPlugin } = await import('@temporalio/interceptors-opentelemetry')
  const say = (message: string) => warn(`traces: ${inShort(message)}`)
  const silent = () => {}
  diag.setLogger({ error: say, warn: say, info: silent, debug: silent, verbose: silent }, DiagLogLevel.WARN)
  const resource = new Resource({ 'service.name': service, 'service.version': version }).merge(
    detectResourcesSync({ detectors: [envDetectorSync] }),
  )
  const spanProcessor = new BatchSpanProcessor(new OTLPTraceExporter())
  const provider = new BasicTracerProvider({ resource, spanProcessors: [spanProcessor] })
  provider.register({ contextManager: new AsyncLocalStorageContextManager().enable() })
  return {
    plugin: new OpenTelemetryPlugin({ resource, spanProcessor }),
    async end() {
      const late = Promise.withResolvers<void>()
      const timeout = setTimeout(() => {
        say(`the last spans could not be sent within ${endMs / 1000} s`)
        late.resolve()
      }, endMs)
      const tell = (thrown: unknown) => say(`the last spans could not be sent: ${String(thrown)}`)
      await Promise.race([provider.shutdown().catch(tell), late.promise])
      clearTimeout(timeout)
    },
  }
}

/** OpenTelemetry tells an error as the JSON of all its fields, its stack among them. */
function inShort(message: string): string {
  const [line = ''] = message.split('\n')
  try {
    const { message: text } = JSON.parse(message) as { message?: unknown }
    return typeof text === 'string' && text !== '' ? text : line
  } catch {
    return line
  }
}
