import { describe, expect, it } from 'vitest'
import { isTracingAsked, tracingProblems } from '../../../infra/traces/is-tracing-asked.ts'

const endpoint = 'OTEL_EXPORTER_OTLP_ENDPOINT'

describe('isTracingAsked', () => {
  it.each([
    [{}, false],
    [{ [endpoint]: '' }, false],
    [{ [endpoint]: 'http://otel:4318' }, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://otel:4318/v1/traces' }, true],
    [{ [endpoint]: 'http://otel:4318', OTEL_TRACES_EXPORTER: 'none' }, false],
    [{ [endpoint]: 'http://otel:4318', OTEL_SDK_DISABLED: 'TRUE' }, false],
  ])('of %j is %s', (env, asked) => {
    expect(isTracingAsked(env)).toBe(asked)
  })
})

describe('tracingProblems', () => {
  it('names every variable that cannot be followed', () => {
    expect(tracingProblems({ [endpoint]: 'otel:4318', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toEqual([
      'OTEL_EXPORTER_OTLP_ENDPOINT is "otel:4318": it takes the http or https address of a receiver, e.g. http://localhost:4318',
      'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc": traces go over HTTP (http/json or http/protobuf), not grpc',
    ])
  })

  it('prints no password of an address', () => {
    const [problem] = tracingProblems({ [endpoint]: 'grpc://user:secret@otel:4317' })
    expect(problem).toContain('"grpc://…@otel:4317"')
    expect(problem).not.toContain('secret')
  })

  it('has nothing to say where all is right, or no traces are asked for', () => {
    expect(tracingProblems({ [endpoint]: 'https://otel', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' })).toEqual([])
    expect(tracingProblems({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toEqual([])
  })
})
