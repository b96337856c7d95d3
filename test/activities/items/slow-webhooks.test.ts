import '../../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import { createSlowWebhooks } from '../../../activities/items/slow-webhooks.ts'
import { ensureNamespace } from '../../../activities/items/target-namespaces.ts'
import { withDeadline } from '../../../activities/items/try-item.ts'
import type { Cluster, WriteOptions } from '../../../activities/ports.ts'
import { ApiError } from '../../../core/port-errors.ts'
import { createWorld } from '../../ports/world.ts'
import { restoring } from './restoring.ts'

const rules = [
  { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps', 'namespaces'] },
]
const configuration = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'w' },
  webhooks: [{ rules, sideEffects: 'NoneOnDryRun', timeoutSeconds: 10 }],
}

describe('the webhooks that must not be asked twice', () => {
  it('are read once for a while, of both kinds', async () => {
    const { cluster, log } = createWorld()
    const lists: string[] = []
    const list: Cluster['list'] = ({ resource }) => {
      lists.push(resource)
      return Promise.resolve(resource.startsWith('validating') ? [configuration] : [])
    }
    const read = createSlowWebhooks({ cluster: { ...cluster.connect(), list }, log })
    const isSentOnce = await read()
    expect([isSentOnce('configmaps'), isSentOnce('secrets')]).toEqual([true, false])
    await read()
    expect(lists).toEqual(['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'])
  })

  it.each([
    [403, 'Forbidden'],
    [404, 'NotFound'],
  ])('are none where they cannot be read: %s', async (code, reason) => {
    const { cluster, log } = createWorld()
    const list = () => Promise.reject(new ApiError({ code, reason, message: 'no' }))
    const read = createSlowWebhooks({ cluster: { ...cluster.connect(), list }, log })
    expect((await read())('configmaps')).toBe(false)
  })

  it('are not kept where the API server is away', async () => {
    const { cluster, log } = createWorld()
    let away = true
    const list = () =>
      away
        ? Promise.reject(new ApiError({ code: 503, reason: 'ServiceUnavailable', message: 'no' }))
        : Promise.resolve([])
    const read = createSlowWebhooks({ cluster: { ...cluster.connect(), list }, log })
    await expect(read()).rejects.toThrow('no')
    away = false
    expect((await read())('configmaps')).toBe(false)
  })
})

describe('a namespace that such a webhook is asked about', () => {
  it('is sent once, also where its first item has a short deadline', async () => {
    const sent: WriteOptions['deadline'][] = []
    const { tools } = restoring('{}', { isSentOnce: (one) => one === 'namespaces' }, (cluster) => ({
      ...cluster,
      create: (resource, namespace, manifest, options) => {
        sent.push(options.deadline)
        return cluster.create(resource, namespace, manifest, options)
      },
    }))
    await ensureNamespace({ name: 'new', target: 'new' }, withDeadline(tools, 'short'))
    expect(sent).toEqual(['long'])
  })
})
