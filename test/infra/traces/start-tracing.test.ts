import { trace } from '@opentelemetry/api'
import { expect, it } from 'vitest'
import { startTracing } from '../../../infra/traces/start-tracing.ts'

it('tells in a few words that spans cannot be sent, however many lines of stack the exporter has for it', async () => {
  const told: string[] = []
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }
  const warn = (message: string) => void told.push(message)
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = env.OTEL_EXPORTER_OTLP_ENDPOINT
  const tracing = await startTracing(env, { service: 'drydock-test', version: '0', warn })
  trace.getTracer('test').startSpan('a span').end()
  await tracing?.end()
  expect(told.join('\n')).toMatch(/^traces: .*ECONNREFUSED/m)
  expect(told.join('\n')).not.toMatch(/stack|"message"|node:net/)
  expect(told.every((line) => !line.includes('\n'))).toBe(true)
})
