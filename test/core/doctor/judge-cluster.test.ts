import { describe, expect, it } from 'vitest'
import { judgeCluster, judgeVelero, workerRights } from '../../../core/doctor/judge-cluster.ts'
import type { VeleroFacts } from '../../../core/doctor/judge-cluster.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const rights = workerRights.map((right) => ({ ...right, allowed: true }))

describe('the cluster', () => {
  it('is fine where it answers and the user has all rights of a worker', () => {
    const checks = judgeCluster({ reachable: true, version: 'v1.36.3', rights, user: 'ada' })
    expect(checks.map(({ verdict, says }) => `${verdict}: ${says}`)).toEqual([
      'ok: the API server answers, version v1.36.3',
      'ok: user ada has the rights of a worker',
    ])
  })

  it('names each right that is missing', () => {
    const few = rights.map((right) => ({ ...right, allowed: !['get', 'create', 'bind'].includes(right.verb) }))
    const [, check] = judgeCluster({ reachable: true, version: undefined, rights: few, user: undefined })
    expect(check).toMatchObject({
      verdict: 'finding',
      says: 'this user lacks rights that a worker needs: get, create everything; bind clusterroles.rbac.authorization.k8s.io',
    })
    expect(check?.todo).toContain('deploy/rbac.yaml')
  })

  it('that does not answer is a finding', () => {
    expect(judgeCluster({ reachable: false, reason: 'the cluster cannot be reached' })).toMatchObject([
      { verdict: 'finding', says: 'the cluster cannot be reached' },
    ])
  })
})

describe('Velero', () => {
  const served = [
    ...['restores', 'backups', 'backupstoragelocations', 'downloadrequests', 'podvolumerestores'].map(
      (resource) => `${resource}.velero.io/v1`,
    ),
    'datadownloads.velero.io/v2alpha1',
  ]
  const facts: VeleroFacts = {
    namespace: 'velero',
    hasNamespace: true,
    served,
    requiresRestoreType: false,
    deployment: undefined,
  }
  const deployment = (readyReplicas: number, ...args: string[]) =>
    ({
      spec: { template: { spec: { containers: [{ image: 'velero/velero:v1.18.3', args }] } } },
      status: { readyReplicas },
    }) as unknown as Manifest
  const off = '--disable-controllers=restore,restore-operations,restore-finalizer'

  it.each<[string, Partial<VeleroFacts>, string, string]>([
    ['without a server', {}, 'note', 'no Velero server is installed'],
    [
      'with a server that does not run',
      { deployment: deployment(0) },
      'note',
      'version v1.18.3 is installed and does not',
    ],
    ['with a server that leaves restores alone', { deployment: deployment(1, 'server', off) }, 'ok', 'controllers off'],
    ['with a server that restores', { deployment: deployment(1, 'server') }, 'finding', 'leave new Restores to it'],
    ['without a namespace', { hasNamespace: false }, 'finding', 'there is no namespace "velero"'],
    ['without CRDs', { served: served.slice(1) }, 'finding', 'does not serve restores.velero.io/v1'],
    ['without data movers', { served: served.slice(0, 5) }, 'note', 'without datadownloads.velero.io/v2alpha1'],
    ['with CRDs of a later version', { requiresRestoreType: true }, 'note', 'of a version after 1.18'],
  ])('%s', (_, change, verdict, says) => {
    const checks = judgeVelero({ ...facts, ...change })
    expect(checks).toContainEqual(expect.objectContaining({ verdict, says: expect.stringContaining(says) }))
    for (const check of checks) expect('todo' in check).toBe(check.verdict === 'finding')
  })
})
