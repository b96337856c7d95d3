import { describe, expect, it } from 'vitest'
import { anObject } from '../../core/items/builders.ts'
import { restoreWhole } from '../restore-whole.ts'

const inShop = (kind: string, name: string, more: object = {}) => anObject(kind, name, { namespace: 'shop' }, more)
const failed = { conditions: [{ type: 'Failed', status: 'True' }] }
const jobSpec = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'docker.io/c:1' }] } } }

describe('a restore that is asked for by annotations', () => {
  it('has the named objects alone, with what they need, and an error for what is not there', async () => {
    const { list, results } = await restoreWhole({
      items: {
        configmaps: [inShop('ConfigMap', 'one'), inShop('ConfigMap', 'two')],
        secrets: [inShop('Secret', 'one')],
      },
      annotations: { 'drydock.io/objects': 'cm/shop/two, secrets/shop/three' },
    })
    expect(list).toMatchObject({ 'v1/ConfigMap': ['shop/two(created)'] })
    expect(results.errors).toEqual({
      velero: ['secrets/shop/three is asked for by name, and the backup does not have it'],
    })
  })

  it('tells which filter has the last word', async () => {
    const { results } = await restoreWhole({
      items: { configmaps: [inShop('ConfigMap', 'one')] },
      spec: { excludedResources: ['configmaps'] },
      annotations: { 'drydock.io/objects': 'configmaps/shop/one' },
    })
    expect(results.errors.velero).toEqual([
      'configmaps/shop/one is asked for by name, and another filter of the restore leaves it out',
    ])
  })

  it('suspends jobs that had failed, and takes images from elsewhere', async () => {
    const { world, list } = await restoreWhole({
      items: { 'jobs.batch': [{ ...inShop('Job', 'old', { spec: jobSpec, status: failed }), apiVersion: 'batch/v1' }] },
      annotations: { 'drydock.io/ended-jobs': 'suspend', 'drydock.io/images': 'docker.io/=mirror.example.com/' },
    })
    expect(list).toMatchObject({ 'batch/v1/Job': ['shop/old(created)'] })
    const [job] = world.cluster.objects().filter(({ kind }) => kind === 'Job')
    expect(job).toMatchObject({
      spec: { suspend: true, template: { spec: { containers: [{ image: 'mirror.example.com/c:1' }] } } },
    })
  })
})
