import { trace } from '@opentelemetry/api'
import { expect, it } from 'vitest'
import { startTracing } from '../../../infra/traces/start-tracing.ts'

it('tells in a few words that spans cannot be sent, however many lines of stack the exporter has for it', async () => {
  const told: string[] = []
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_BSP_SCHEDULE_DELAY: '10' }
  const warn = (message: string) => void told.push(message)
  // The exporter reads them from the process.
  Object.assign(process.env, env)
  const tracing = await startTracing(env, { service: 'drydock-test', version: '0', warn })
  trace.getTracer('test').startSpan('a span').end()
  await expect.poll(() => told.length, { timeout: 80_000 }).toBeGreaterThan(0)
  await tracing?.end()
  expect(told.join('\n')).toMatch(/^traces: .*ECONNREFUSED/m)
  expect(told.join('\n')).not.toMatch(/stack|"message"|node:net/)
  expect(told.every((line) => !line.includes('\n'))).toBe(true)
})
