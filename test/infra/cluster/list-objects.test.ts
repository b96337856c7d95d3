import { describe, expect, it } from 'vitest'
import { ApiError } from '../../../core/port-errors.ts'
import { listObjects } from '../../../infra/cluster/list-objects.ts'
import type { Send } from '../../../infra/cluster/objects.ts'

const configMaps = '/api/v1/configmaps'

/** A collection whose second page expires that many times. */
function expiring(times: number): { send: Send; limits: unknown[] } {
  const limits: unknown[] = []
  const send: Send = async ({ query }) => {
    const page = { apiVersion: 'v1', kind: 'ConfigMapList' }
    const item = (name: string) => ({ metadata: { name } })
    if (query?.['continue'] !== undefined) {
      if (limits.length <= times) throw new ApiError({ code: 410, reason: 'Expired', message: 'too old' })
      return { ...page, metadata: {}, items: [item('last')] }
    }
    limits.push(query?.['limit'])
    const next = query?.['limit'] === undefined ? {} : { continue: 'next' }
    return { ...page, metadata: next, items: [item(`turn-${limits.length}`)] }
  }
  return { send, limits }
}

describe('listObjects', () => {
  it('begins anew when its continue token has expired, and drops what it had read', async () => {
    const { send } = expiring(2)
    const names = (await listObjects(send, configMaps)).map(({ metadata }) => metadata.name)
    expect(names).toEqual(['turn-3', 'last'])
  })

  it('reads the collection in one piece when the token expires again and again', async () => {
    const { send, limits } = expiring(99)
    expect(await listObjects(send, configMaps)).toHaveLength(1)
    expect(limits).toEqual([500, 500, 500, undefined])
  })
})
