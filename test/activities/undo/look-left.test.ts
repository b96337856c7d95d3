import '../../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import type { Cluster, DiscoveredResource } from '../../../activities/ports.ts'
import { createLeftLook } from '../../../activities/undo/look-left.ts'
import { ApiError } from '../../../core/port-errors.ts'
import type { UndoStep } from '../../../core/undo/undo-step.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const kind = (resource: string, group: string, version: string, preferred: boolean): DiscoveredResource => ({
  group,
  version,
  resource,
  kind: resource,
  namespaced: true,
  singular: resource,
  shortNames: [],
  verbs: ['list', 'delete'],
  preferred,
  hasStatus: false,
})

const configMaps = kind('configmaps', '', 'v1', true)
const prometheuses = kind('prometheuses', 'monitoring.example.com', 'v1', true)
const alerts = kind('alertconfigs', 'monitoring.example.com', 'v1alpha1', false)

const theirs = { apiVersion: 'v1', kind: 'K', metadata: { name: 'theirs', namespace: 'shop', uid: 'uid-theirs' } }

interface Given {
  served: readonly DiscoveredResource[]
  unread?: readonly string[]
  /** What stands, by resource; an error is thrown. */
  standing?: Record<string, Manifest[] | Error>
}

/** A cluster that serves, and has, no more than that; `asked` counts questions. */
function clusterWith({ served, unread = [], standing = {} }: Given) {
  const asked = { discover: 0 }
  const cluster = {
    discover: (tell?: (group: string) => void) => {
      asked.discover++
      unread.forEach((group) => tell?.(group))
      return Promise.resolve([...served])
    },
    list: ({ resource }: { resource: string }) => {
      const found = standing[resource] ?? []
      return found instanceof Error ? Promise.reject(found) : Promise.resolve(found)
    },
  } as unknown as Cluster
  return { cluster, asked }
}

const stepOf = (resource: string, group: string, name: string): UndoStep => ({
  key: name,
  object: { group, version: 'v1', resource, name, uid: `uid-${name}` },
  do: 'delete',
})
const shop = stepOf('namespaces', '', 'shop')
const definition = stepOf('customresourcedefinitions', 'apiextensions.k8s.io', 'alertconfigs.monitoring.example.com')
const liveOf = ({ object: { name, uid } }: UndoStep): Manifest => ({
  apiVersion: 'v1',
  kind: 'K',
  metadata: { name, uid },
})

const lookAt = (step: UndoStep, given: Given, live: Manifest | undefined = liveOf(step)) =>
  createLeftLook(clusterWith(given).cluster, () => Promise.resolve(new Set()))(step, live)

describe('before a namespace is deleted', () => {
  it('kinds are seen that are not served at the preferred version of their group', async () => {
    const given = { served: [configMaps, prometheuses, alerts], standing: { alertconfigs: [theirs] } }
    expect(await lookAt(shop, given)).toMatchObject({
      do: 'keep',
      because: 'what the restore did not create is left: alertconfigs.monitoring.example.com shop/theirs',
    })
  })

  it('a group that does not answer keeps it', async () => {
    expect(await lookAt(shop, { served: [configMaps], unread: ['metrics.example.com'] })).toMatchObject({
      do: 'keep',
      because:
        'nobody can say what is left inside: the API server does not answer for metrics.example.com; see to its APIService',
    })
  })

  it('a kind that cannot be listed keeps it', async () => {
    const refusal = new ApiError({ code: 404, reason: 'NotFound', message: 'the server could not find it' })
    expect(await lookAt(shop, { served: [configMaps], standing: { configmaps: refusal } })).toMatchObject({
      do: 'keep',
      because: 'nobody can say what is left inside: the server could not find it',
    })
  })

  it('it goes where all is seen and nothing is left', async () => {
    expect(await lookAt(shop, { served: [configMaps, prometheuses, alerts] })).toEqual(shop)
  })

  it('discovery and what is deleted are asked once, however many there are', async () => {
    const { cluster, asked } = clusterWith({ served: [configMaps] })
    let reads = 0
    const look = createLeftLook(cluster, () => Promise.resolve(new Set([String(++reads)])))
    const steps = ['a', 'b', 'c'].map((name) => stepOf('namespaces', '', name))
    await Promise.all(steps.map((step) => look(step, liveOf(step))))
    expect({ ...asked, reads }).toEqual({ discover: 1, reads: 1 })
  })
})

describe('before a definition is deleted', () => {
  it('one whose kind is not served is kept', async () => {
    expect(await lookAt(definition, { served: [configMaps] })).toMatchObject({
      do: 'keep',
      because: 'nobody can say what is left inside: the API server does not serve alertconfigs.monitoring.example.com',
    })
  })

  it('one that is gone already is not looked into', async () => {
    const given = { served: [configMaps] }
    const look = createLeftLook(clusterWith(given).cluster, () => Promise.resolve(new Set()))
    expect(await look(definition, undefined)).toEqual(definition)
  })
})
