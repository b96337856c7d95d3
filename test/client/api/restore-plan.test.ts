import { expect, it } from 'vitest'
import { askedAnnotations, readPlan, requireNoVeleroControllers } from '../../../client/api/plan/restore-plan.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { connectInMemory, placeRestore } from './in-memory-connections.ts'

const server = (args: readonly string[]): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'velero', namespace: 'velero' },
  spec: { template: { spec: { containers: [{ name: 'velero', args }] } } },
  status: { readyReplicas: 1 },
})

it('asks for no plan where a Velero server would restore it', async () => {
  const { cluster, connections } = connectInMemory()
  await requireNoVeleroControllers(connections)
  cluster.place(server(['server']))
  await expect(requireNoVeleroControllers(connections)).rejects.toThrow(
    'the Velero server in namespace velero restores itself, and would carry out the plan at once',
  )
  cluster.place(server(['server', '--disable-controllers=restore,restore-operations,restore-finalizer']))
  await requireNoVeleroControllers(connections)
})

it('does not take a restore for a plan', async () => {
  const { cluster, connections } = connectInMemory()
  const restore = placeRestore(cluster, { phase: 'Completed' })
  await expect(readPlan(connections, restore)).rejects.toThrow('Restore "shop" is a restore and no plan')
})

it('carries out a plan with what its user has asked for, and with nothing of its run', () => {
  const annotations = {
    'drydock.io/plan': 'true',
    'drydock.io/claimed': 'w, 2026-01-01T00:00:00Z, location default',
    'drydock.io/polite': 'true',
    'velero.io/pod-volume-timeout': '1h',
  }
  expect(askedAnnotations({ metadata: { name: 'p', annotations } })).toEqual({
    'drydock.io/polite': 'true',
    'velero.io/pod-volume-timeout': '1h',
  })
})
