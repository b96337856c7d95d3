import { describe, expect, it } from 'vitest'
import { lostOutcome } from '../../../activities/items/target-namespaces.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { anObject } from '../../core/items/builders.ts'
import { restoreWhole } from '../restore-whole.ts'
import { restoring } from './restoring.ts'

const namespace = (name: string): Manifest => anObject('Namespace', name)
const configMap = (of: string, name: string): Manifest => anObject('ConfigMap', name, { namespace: of })
const podOver = (of: string): Manifest =>
  anObject('Pod', 'over', { namespace: of }, { spec: { containers: [] }, status: { phase: 'Failed' } })

/** The API server refuses such a name. */
const mapped = { bad: 'Not_Valid', worse: 'Not_Valid' }
const refusal = expect.stringMatching(/^error creating namespace Not_Valid: .*"Not_Valid" is invalid/)

describe('a namespace that cannot be created', () => {
  it('is one error of each of its items and of itself, and its items are not listed', async () => {
    const { list, results } = await restoreWhole({
      items: {
        namespaces: [namespace('bad'), namespace('good')],
        configmaps: [configMap('bad', 'one'), configMap('bad', 'two'), configMap('good', 'three')],
        pods: [podOver('bad')],
      },
      spec: { namespaceMapping: mapped },
    })
    expect(results).toEqual({ errors: { velero: [refusal, refusal, refusal, refusal] }, warnings: {} })
    expect(list).toEqual({ 'v1/ConfigMap': ['good/three(created)'], 'v1/Namespace': ['good(created)'] })
  })

  it('is no error of itself where it is not selected, and one of each that is mapped into it where they are', async () => {
    const items = { configmaps: [configMap('bad', 'one'), configMap('worse', 'one')] }
    const without = await restoreWhole({ items, spec: { namespaceMapping: mapped } })
    expect(without.results.errors).toEqual({ velero: [refusal, refusal] })
    const namespaces = [namespace('bad'), namespace('worse')]
    const both = await restoreWhole({ items: { ...items, namespaces }, spec: { namespaceMapping: mapped } })
    expect(both.results.errors.velero).toHaveLength(4)
  })

  it('gets its items all the same when it is there by the time of their wave', async () => {
    const { list, results } = await restoreWhole({
      items: { configmaps: [configMap('bad', 'one')], pods: [podOver('bad')] },
      spec: { namespaceMapping: mapped },
      afterWave: ({ groupResource, world }) => {
        if (groupResource === 'namespaces') world.cluster.place(namespace('Not_Valid'))
      },
    })
    expect(list).toEqual({ 'v1/ConfigMap': ['Not_Valid/one(created)'] })
    expect(results).toEqual({ errors: {}, warnings: {} })
  })
})

describe('a namespace that does not go away in time', () => {
  it.each([
    ['as often as the backup has an object for it', 'namespaces', { sources: 2 }, 2],
    ['not at all where the backup has none', 'namespaces', { sources: 0 }, 0],
    ['once for an item', 'configmaps', {}, 1],
    ['not for an item that another one asks for', 'secrets', { additional: true }, 0],
  ] as const)('is an error %s', (_what, groupResource, more, times) => {
    const { tools } = restoring('{}')
    const { messages } = lostOutcome(groupResource, { name: 'one', target: 'gone', ...more }, tools)
    expect(messages).toHaveLength(times)
  })
})
