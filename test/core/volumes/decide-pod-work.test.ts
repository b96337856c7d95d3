import { describe, expect, it } from 'vitest'
import { decidePodWork } from '../../../core/volumes/decide-pod-work.ts'
import { aRepository, aRestoredPod, aWork, aWorld, anOrder, someRules } from './pod-work.ts'

const rules = someRules()
const ordered = (data?: string, logs?: string) => new Map([anOrder('data', data), anOrder('logs', logs)])

describe('before the orders', () => {
  it('orders each volume when node agents and repository are ready', () => {
    expect(decidePodWork(aWork(), aWorld(0), rules)).toMatchObject({
      do: 'order',
      volumes: [{ volume: 'data' }, { volume: 'logs' }],
      repoIdentifier: '',
    })
  })

  it('orders only what is missing', () => {
    const orders = new Map([anOrder('data', 'InProgress')])
    expect(decidePodWork(aWork(), aWorld(0, { orders }), rules)).toMatchObject({ volumes: [{ volume: 'logs' }] })
  })

  it('asks for a repository that is not there, and waits for one that is new', () => {
    const key = { namespace: 'app', location: 'default', type: 'kopia' }
    expect(decidePodWork(aWork(), aWorld(0, { repositories: [] }), rules)).toMatchObject({
      do: 'ask for repository',
      key,
    })
    for (const phase of [undefined, 'New'])
      expect(decidePodWork(aWork(), aWorld(9, { repositories: [aRepository(phase)] }), rules).do).toBe('wait')
  })

  it.each([
    ['no node agents', { nodeAgent: false }, 'error to check node agent status: daemonset not found'],
    [
      'a broken repository',
      { repositories: [aRepository('NotReady', 'wrong password')] },
      'failed to wait BackupRepository, errored early: backup repository is not ready: wrong password',
    ],
    [
      'a repository that does not come',
      { repositories: [aRepository()] },
      'failed to wait BackupRepository, timeout exceeded: backup repository not provisioned',
    ],
    [
      'a repository that cannot be made',
      { repositories: [] },
      'failed to wait BackupRepository, timeout exceeded: backup repository not found',
    ],
    [
      'two repositories',
      { repositories: [aRepository('Ready'), aRepository('Ready')] },
      'failed to wait BackupRepository, errored early: more than one BackupRepository found for workload namespace "app", backup storage location "default", repository type "kopia"',
    ],
  ])('%s is one error for the pod', (_case, world, error) => {
    expect(decidePodWork(aWork(), aWorld(11, world), rules)).toEqual({ do: 'end', errors: [error], cancel: [] })
  })

  it('counts the wait for a repository from its own beginning when the pod is older', () => {
    const late = someRules({ sinceMs: Date.parse('2026-11-24T10:05:00Z') })
    expect(decidePodWork(aWork(), aWorld(11, { repositories: [aRepository()] }), late).do).toBe('wait')
  })

  it('refuses volumes of two kinds of repository', () => {
    const [data, logs] = aWork().volumes
    const work = aWork({ volumes: [data!, { ...logs!, uploaderType: 'restic' }] })
    const step = decidePodWork(work, aWorld(0), rules)
    expect(step).toMatchObject({
      do: 'end',
      errors: [expect.stringMatching(/^multiple repository type in one backup/)],
    })
    const unknown = aWork({ volumes: [{ ...data!, uploaderType: 'tape' }] })
    expect(decidePodWork(unknown, aWorld(0), rules)).toMatchObject({
      errors: ['empty repository type found among volume snapshots, snapshot ID s-data, uploader tape'],
    })
  })
})

describe('while node agents work', () => {
  it('waits, and says how far they are', () => {
    const [name, order] = anOrder('data', 'InProgress')
    const progress = { ...order, status: { phase: 'InProgress', progress: { bytesDone: 3, totalBytes: 9 } } }
    const orders = new Map([[name, progress], anOrder('logs', 'Completed')])
    expect(decidePodWork(aWork(), aWorld(1, { orders }), rules)).toEqual({
      do: 'wait',
      because: 'pod copy/web: data InProgress 3 of 9 bytes',
    })
  })

  it('says of a pod that it is not scheduled', () => {
    const pods = new Map([['pod-uid', aRestoredPod({})]])
    expect(decidePodWork(aWork(), aWorld(1, { orders: ordered(), pods }), rules)).toMatchObject({
      because: 'pod copy/web, which is not scheduled: data New, logs New',
    })
  })

  it('ends well when all are completed, even if the pod is gone since', () => {
    const orders = ordered('Completed', 'Completed')
    const step = decidePodWork(aWork(), aWorld(999, { orders, pods: new Map() }), rules)
    expect(step).toEqual({ do: 'end', errors: [], cancel: [] })
  })

  it('tells each bad end in Velero’s words', () => {
    const orders = new Map([anOrder('data', 'Failed', 'no space'), anOrder('logs', 'Canceled', 'found cancel')])
    expect(decidePodWork(aWork(), aWorld(1, { orders }), rules)).toMatchObject({
      errors: ['pod volume restore failed: no space', 'pod volume restore canceled: found cancel'],
    })
  })

  it('does not hide a failed volume behind a stuck one: both are told, the stuck one is called off', () => {
    const orders = new Map([anOrder('data', 'Failed', 'no space'), anOrder('logs', 'Prepared')])
    expect(decidePodWork(aWork(), aWorld(1, { orders }), rules).do).toBe('wait')
    expect(decidePodWork(aWork(), aWorld(241, { orders }), rules)).toEqual({
      do: 'end',
      errors: [
        'pod volume restore failed: no space',
        'timed out waiting for all PodVolumeRestores to complete: pod copy/web, volume logs',
      ],
      cancel: ['logs'],
    })
  })

  it('a refused order is told and does not keep the others', () => {
    const refused = new Map([['data', 'error getting persistent volume claim for volume: gone']])
    const orders = new Map([anOrder('logs', 'Completed')])
    expect(decidePodWork(aWork(), aWorld(1, { orders, refused }), rules)).toMatchObject({
      do: 'end',
      errors: ['error getting persistent volume claim for volume: gone'],
    })
  })
})

describe('what keeps node agents from working', () => {
  const orders = ordered('New', 'New')
  const end = (world: object, extra = {}) => decidePodWork(aWork(), aWorld(2, { orders, ...world }), someRules(extra))

  it('is a pod that was deleted', () => {
    expect(end({ pods: new Map() })).toEqual({
      do: 'end',
      errors: ['pod volume restore cannot go on: pod copy/web was deleted'],
      cancel: ['data', 'logs'],
    })
  })

  it('is a pod that has ended', () => {
    const pods = new Map([['pod-uid', aRestoredPod({ nodeName: 'n1' }, { phase: 'Failed', message: 'evicted' })]])
    expect(end({ pods })).toMatchObject({
      errors: ['pod volume restore cannot go on: pod copy/web has ended as Failed: evicted'],
    })
  })

  it('is a node that is gone', () => {
    expect(end({ nodes: new Set() })).toMatchObject({
      errors: ['pod volume restore cannot go on: node n1 of pod copy/web is gone'],
    })
  })

  it('is a node without node agent, but not one whose node agent restarts', () => {
    const since = (seconds: number) => ({ agentMissingSince: () => aWorld(2).nowMs - seconds * 1000 })
    expect(end({ agents: new Set() }, since(10)).do).toBe('wait')
    expect(end({ agents: new Set() }, since(31))).toMatchObject({
      errors: ['node-agent pod is not running in node n1: daemonset pod not found in running state in node n1'],
    })
  })
})
