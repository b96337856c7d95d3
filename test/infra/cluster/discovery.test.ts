import { describe, expect, it } from 'vitest'
import { discoverResources } from '../../../infra/cluster/discovery.ts'
import { quietLog } from './quiet-log.ts'

/** What discovery tells as unread of an API server that answers so, by path; a path without an answer fails. */
async function unreadOf(answers: Record<string, object>): Promise<{ unread: string[]; resources: string[] }> {
  const unread: string[] = []
  const send = ({ path }: { path: string }) =>
    answers[path] === undefined
      ? Promise.reject(new Error('the server is currently unable to handle the request'))
      : Promise.resolve(answers[path])
  const found = await discoverResources(send, quietLog(), (group) => unread.push(group))
  return { unread, resources: found.map(({ resource }) => resource) }
}

const things = { resource: 'things', scope: 'Namespaced', verbs: ['list'] }

describe('a group whose server is away is left out and told', () => {
  it('by aggregated discovery', async () => {
    const stale = { version: 'v1', freshness: 'Stale', resources: [] }
    const items = [
      { metadata: { name: 'away.example.com' }, versions: [stale] },
      { metadata: { name: 'example.com' }, versions: [{ version: 'v1', freshness: 'Current', resources: [things] }] },
    ]
    const none = { kind: 'APIGroupDiscoveryList', items: [] }
    const told = await unreadOf({ '/api': none, '/apis': { kind: 'APIGroupDiscoveryList', items } })
    expect(told).toEqual({ unread: ['away.example.com'], resources: ['things'] })
  })

  it('by legacy discovery', async () => {
    const groups = ['away.example.com/v1', 'example.com/v1'].map((groupVersion) => ({ versions: [{ groupVersion }] }))
    const told = await unreadOf({
      '/api': { kind: 'APIVersions', versions: [] },
      '/apis': { kind: 'APIGroupList', groups },
      '/apis/example.com/v1': { resources: [{ name: 'things', namespaced: true, verbs: ['list'] }] },
    })
    expect(told).toEqual({ unread: ['away.example.com'], resources: ['things'] })
  })
})
