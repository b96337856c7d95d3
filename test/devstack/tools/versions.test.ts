import { expect, it } from 'vitest'
import { isTemporalServerWanted, kubernetesVersion, temporalServer } from '../../../devstack/tools/versions.ts'

it('the stack runs the newest Kubernetes it knows, or the one that is asked for', () => {
  expect(kubernetesVersion({})).toMatchObject({ minor: 36, module: 'core' })
  expect(kubernetesVersion({ DRYDOCK_KUBERNETES_VERSION: '' })).toEqual(kubernetesVersion({}))
  const old = { version: 'v1.24.0', minor: 24, module: 'kubernetes-1.24' }
  expect(kubernetesVersion({ DRYDOCK_KUBERNETES_VERSION: 'v1.24.0' })).toEqual(old)
})

it("the stack runs Temporal's dev server, or Temporal's own server of one version", () => {
  expect(isTemporalServerWanted({})).toBe(false)
  expect(isTemporalServerWanted({ DRYDOCK_TEMPORAL_VERSION: temporalServer })).toBe(true)
})

it('a version that the stack does not know is refused with those that it knows', () => {
  expect(() => kubernetesVersion({ DRYDOCK_KUBERNETES_VERSION: 'v1.20.0' })).toThrow(
    'DRYDOCK_KUBERNETES_VERSION is v1.20.0: the stack can run v1.36.3 or v1.24.0',
  )
  expect(() => isTemporalServerWanted({ DRYDOCK_TEMPORAL_VERSION: 'v1' })).toThrow('can run dev or v1.32.1')
})
