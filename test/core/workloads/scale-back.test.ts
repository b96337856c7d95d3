import { describe, expect, it } from 'vitest'
import { decideScale, giveReplicasBack, placeInOrder, whyWithoutPods } from '../../../core/workloads/scale-back.ts'
import { aWorkload } from './builders.ts'

const facts = { uid: 'u', replicas: 3, isControlled: false, isRetry: false }
const standing = (replicas: unknown, metadata: object = {}) => {
  const object = aWorkload('Deployment', 'web', replicas)
  return { ...object, metadata: { ...object.metadata, uid: 'u', resourceVersion: '7', ...metadata } }
}

describe('a workload that was created with zero replicas', () => {
  it('gets its replicas by a patch of the very object that was seen', () => {
    expect(decideScale({ ...facts, live: standing(0) })).toEqual({
      do: 'scale',
      patch: { metadata: { uid: 'u', resourceVersion: '7' }, spec: { replicas: 3 } },
    })
  })

  it('needs nothing once it has them', () => {
    expect(decideScale({ ...facts, live: standing(3) })).toEqual({ do: 'done' })
  })

  it('is left to the controller that scales it', () => {
    expect(decideScale({ ...facts, isControlled: true, live: standing(0) })).toEqual({ do: 'pass' })
  })

  it('stays as somebody has scaled it meanwhile, who is named', () => {
    const setBy = (manager: string, time: string, field = 'f:replicas') => ({
      manager,
      time,
      fieldsV1: { 'f:spec': { [field]: {} } },
    })
    const managedFields = [
      setBy('kubectl', '2026-01-01T00:00:02Z'),
      setBy('helm', '2026-01-01T00:00:01Z'),
      setBy('x', '2026-01-01T00:00:03Z', 'f:paused'),
    ]
    expect(decideScale({ ...facts, live: standing(5, { managedFields }) })).toEqual({
      do: 'leave',
      because: 'was scaled to 5 by kubectl while it was restored, and is left so: the backup has 3',
    })
    expect(decideScale({ ...facts, live: standing(5) })).toMatchObject({
      because: 'was scaled to 5 while it was restored, and is left so: the backup has 3',
    })
  })

  it('may have been scaled by an earlier run and then by an autoscaler, which nobody needs to be told', () => {
    expect(decideScale({ ...facts, isRetry: true, live: standing(5) })).toEqual({ do: 'done' })
  })

  it('is not looked for once it is gone or another one', () => {
    expect(decideScale({ ...facts, live: undefined })).toMatchObject({ do: 'leave', because: /^is gone/ })
    expect(decideScale({ ...facts, live: standing(0, { uid: 'other' }) })).toMatchObject({
      do: 'leave',
      because: /^is another object/,
    })
  })

  it('comes in the order StatefulSets, Deployments, others', () => {
    const resources = ['replicationcontrollers', 'deployments.apps', 'replicasets.apps', 'statefulsets.apps']
    expect(resources.map(placeInOrder)).toEqual([2, 1, 2, 0])
  })
})

describe('the pods of a workload', () => {
  it.each([
    [{}, 'no controller has looked at it yet'],
    [{ observedGeneration: 2, replicas: 1 }, '1 of 3 pods are made'],
    [{ observedGeneration: 2, replicas: 3 }, ''],
  ])('are made by its controller: with status %j they are not, since %s', (status, why) => {
    expect(whyWithoutPods({ ...standing(3, { generation: 2 }), status })).toBe(why)
  })
})

describe('the owners of a number of replicas', () => {
  const entry = (manager: string, operation: string, fieldsV1: object) => ({ manager, operation, fieldsV1 })
  const replicas = { 'f:spec': { 'f:replicas': {} } }
  const ours = entry('drydock', 'Update', replicas)

  it('are again those from before, and what others wrote since then stays', () => {
    const gitops = entry('gitops', 'Apply', { 'f:spec': { 'f:replicas': {}, 'f:paused': {} } })
    const status = entry('controller', 'Update', { 'f:status': {} })
    const now = [entry('gitops', 'Apply', { 'f:spec': { 'f:paused': {} } }), ours, status]
    expect(giveReplicasBack(now, [gitops], 'drydock')).toEqual([
      entry('gitops', 'Apply', { 'f:spec': { 'f:paused': {}, 'f:replicas': {} } }),
      status,
    ])
  })

  it('come back where they owned nothing else, and ours keeps what it had before', () => {
    const gitops = entry('gitops', 'Apply', replicas)
    const more = entry('drydock', 'Update', { 'f:spec': { 'f:paused': {}, 'f:replicas': {} } })
    expect(giveReplicasBack([more], [gitops], 'drydock')).toEqual([
      entry('drydock', 'Update', { 'f:spec': { 'f:paused': {} } }),
      gitops,
    ])
    expect(giveReplicasBack([more], [gitops, more], 'drydock')).toEqual([more, gitops])
  })

  it('stay as they are once another has taken the number', () => {
    const now = [entry('autoscaler', 'Update', replicas)]
    expect(giveReplicasBack(now, [entry('gitops', 'Apply', replicas)], 'drydock')).toBeUndefined()
  })
})
