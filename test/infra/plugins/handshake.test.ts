import { expect, it } from 'vitest'
import { environmentOfPlugins } from '../../../infra/plugins/handshake.ts'

it('gives plugins the environment of the worker, but nothing that lets them act in its name elsewhere', () => {
  const env = {
    AWS_REGION: 'here',
    PATH: '/bin',
    VELERO_NAMESPACE: 'other',
    TEMPORAL_API_KEY: 'secret',
    DRYDOCK_NOTIFY_SECRET: 'secret',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=secret',
  }
  expect(environmentOfPlugins(env, 'velero')).toEqual({ AWS_REGION: 'here', PATH: '/bin', VELERO_NAMESPACE: 'velero' })
})
