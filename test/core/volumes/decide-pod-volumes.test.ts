import { describe, expect, it } from 'vitest'
import { decidePodVolumes } from '../../../core/volumes/decide-pod-volumes.ts'
import {
  aRepository,
  aRestoredPod,
  aPodWithVolumes,
  someFacts,
  aPodVolumeRestore,
  someRules,
} from './pod-with-volumes.ts'

const rules = someRules()
const created = (data?: string, logs?: string) =>
  new Map([aPodVolumeRestore('data', data), aPodVolumeRestore('logs', logs)])

describe('a pod without PodVolumeRestores', () => {
  it('gets one for each volume when node agents and repository are ready', () => {
    expect(decidePodVolumes(aPodWithVolumes(), someFacts(0), rules)).toMatchObject({
      do: 'create',
      volumes: [{ volume: 'data' }, { volume: 'logs' }],
      repoIdentifier: '',
    })
  })

  it('gets only those that are missing', () => {
    const podVolumeRestores = new Map([aPodVolumeRestore('data', 'InProgress')])
    expect(decidePodVolumes(aPodWithVolumes(), someFacts(0, { podVolumeRestores }), rules)).toMatchObject({
      volumes: [{ volume: 'logs' }],
    })
  })

  it('asks for a repository that is not there, and waits for one that is new', () => {
    const key = { namespace: 'app', location: 'default', type: 'kopia' }
    expect(decidePodVolumes(aPodWithVolumes(), someFacts(0, { repositories: [] }), rules)).toMatchObject({
      do: 'create repository',
      key,
    })
    for (const phase of [undefined, 'New'])
      expect(decidePodVolumes(aPodWithVolumes(), someFacts(9, { repositories: [aRepository(phase)] }), rules).do).toBe(
        'wait',
      )
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
    expect(decidePodVolumes(aPodWithVolumes(), someFacts(11, world), rules)).toEqual({
      do: 'end',
      errors: [error],
      cancel: [],
    })
  })

  it('counts the wait for a repository from its own beginning when the pod is older', () => {
    const late = someRules({ sinceMs: Date.parse('2026-11-24T10:05:00Z') })
    expect(decidePodVolumes(aPodWithVolumes(), someFacts(11, { repositories: [aRepository()] }), late).do).toBe('wait')
  })

  it('refuses volumes of two kinds of repository', () => {
    const [data, logs] = aPodWithVolumes().volumes
    const work = aPodWithVolumes({ volumes: [data!, { ...logs!, uploaderType: 'restic' }] })
    const step = decidePodVolumes(work, someFacts(0), rules)
    expect(step).toMatchObject({
      do: 'end',
      errors: [expect.stringMatching(/^multiple repository type in one backup/)],
    })
    const unknown = aPodWithVolumes({ volumes: [{ ...data!, uploaderType: 'tape' }] })
    expect(decidePodVolumes(unknown, someFacts(0), rules)).toMatchObject({
      errors: ['empty repository type found among volume snapshots, snapshot ID s-data, uploader tape'],
    })
  })
})

describe('while node agents work', () => {
  it('waits, and says how far they are', () => {
    const [name, order] = aPodVolumeRestore('data', 'InProgress')
    const progress = { ...order, status: { phase: 'InProgress', progress: { bytesDone: 3, totalBytes: 9 } } }
    const podVolumeRestores = new Map([[name, progress], aPodVolumeRestore('logs', 'Completed')])
    expect(decidePodVolumes(aPodWithVolumes(), someFacts(1, { podVolumeRestores }), rules)).toEqual({
      do: 'wait',
      because: 'pod copy/web: data InProgress 3 of 9 bytes',
    })
  })

  it('says of a pod that it is not scheduled', () => {
    const pods = new Map([['pod-uid', aRestoredPod({})]])
    expect(
      decidePodVolumes(aPodWithVolumes(), someFacts(1, { podVolumeRestores: created(), pods }), rules),
    ).toMatchObject({
      because: 'pod copy/web, which is not scheduled: data New, logs New',
    })
  })

  it('ends well when all are completed, even if the pod is gone since', () => {
    const podVolumeRestores = created('Completed', 'Completed')
    const step = decidePodVolumes(aPodWithVolumes(), someFacts(999, { podVolumeRestores, pods: new Map() }), rules)
    expect(step).toEqual({ do: 'end', errors: [], cancel: [] })
  })

  it('tells each bad end in Velero’s words', () => {
    const podVolumeRestores = new Map([
      aPodVolumeRestore('data', 'Failed', 'no space'),
      aPodVolumeRestore('logs', 'Canceled', 'found cancel'),
    ])
    expect(decidePodVolumes(aPodWithVolumes(), someFacts(1, { podVolumeRestores }), rules)).toMatchObject({
      errors: ['pod volume restore failed: no space', 'pod volume restore canceled: found cancel'],
    })
  })

  it('does not hide a failed volume behind a stuck one: both are told, the stuck one is called off', () => {
    const podVolumeRestores = new Map([
      aPodVolumeRestore('data', 'Failed', 'no space'),
      aPodVolumeRestore('logs', 'Prepared'),
    ])
    expect(decidePodVolumes(aPodWithVolumes(), someFacts(1, { podVolumeRestores }), rules).do).toBe('wait')
    expect(decidePodVolumes(aPodWithVolumes(), someFacts(241, { podVolumeRestores }), rules)).toEqual({
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
    const podVolumeRestores = new Map([aPodVolumeRestore('logs', 'Completed')])
    expect(decidePodVolumes(aPodWithVolumes(), someFacts(1, { podVolumeRestores, refused }), rules)).toMatchObject({
      do: 'end',
      errors: ['error getting persistent volume claim for volume: gone'],
    })
  })
})

describe('what keeps node agents from working', () => {
  const podVolumeRestores = created('New', 'New')
  const end = (facts: object, extra = {}) =>
    decidePodVolumes(aPodWithVolumes(), someFacts(2, { podVolumeRestores, ...facts }), someRules(extra))

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
    const since = (seconds: number) => ({ agentMissingSince: () => someFacts(2).nowMs - seconds * 1000 })
    expect(end({ agents: new Set() }, since(10)).do).toBe('wait')
    expect(end({ agents: new Set() }, since(31))).toMatchObject({
      errors: ['node-agent pod is not running in node n1: daemonset pod not found in running state in node n1'],
    })
  })
})
