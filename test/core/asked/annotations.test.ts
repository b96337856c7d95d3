import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { annotationFaults, askedBy, askedConfigs, restoreAnnotations } from '../../../core/asked/annotations.ts'

describe('the annotations of a Restore', () => {
  it.each([
    [
      'drydock.io/objcts',
      'pods/a/b',
      /^annotation drydock\.io\/objcts is unknown: it may be one of drydock\.io\/objects, /,
    ],
    ['drydock.io/objects', 'web', /^annotation drydock\.io\/objects is "web": "web" is neither <resource>/],
    ['drydock.io/objects', 'a/b/c/d', /"a\/b\/c\/d" is neither/],
    ['drydock.io/objects', 'pods//b', /"pods\/\/b" is neither/],
    ['drydock.io/objects', ' , ', /it names no object$/],
    ['drydock.io/objects', 'pods/a/b,'.repeat(1001), /it names 1001 objects, and may name 1000$/],
    ['drydock.io/storage-classes', 'gp2', /it takes <old>=<new>, with commas between them$/],
    ['drydock.io/storage-classes', 'gp2=gp3,gp2=io1', /"gp2" is mapped twice$/],
    ['drydock.io/images', '=x', /it takes <old>=<new>/],
    ['drydock.io/ended-jobs', 'keep', /it may be "leave-out" or "suspend"$/],
    ['drydock.io/owners', 'keep', /it may be "relink" or "drop"$/],
    ['drydock.io/replicas', '0', /it may be "zero" or "scale-back"$/],
    ['drydock.io/validate', 'yes', /it may be "true" or "false"$/],
  ])('refuse %s: %s', (name, value, sentence) => {
    const faults = annotationFaults({ [name]: value })
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(sentence)
    expect(faults[0]?.length).toBeLessThan(600)
  })

  it('may not contradict the spec: pods that are left out have no hooks', () => {
    const hooks = { resources: [{ name: 'warm up' }] }
    expect(annotationFaults({ 'drydock.io/replicas': 'zero' }, { hooks })).toEqual([
      'annotation drydock.io/replicas is "zero": pods of workloads are left out then, so spec.hooks has no pods to run in: remove one of the two',
    ])
    expect(annotationFaults({ 'drydock.io/replicas': 'zero' }, { hooks: { resources: [] } })).toEqual([])
    expect(annotationFaults({}, { hooks })).toEqual([])
  })

  it('of others are not ours to judge', () => {
    expect(annotationFaults({ 'velero.io/restore-status': 'x', 'example.com/drydock.io': 'y' })).toEqual([])
  })

  it('say what is asked for', () => {
    const annotations = {
      'drydock.io/objects': 'deploy/shop/web, clusterroles.rbac.authorization.k8s.io/system:reader,',
      'drydock.io/storage-classes': 'gp2=gp3',
      'drydock.io/images': 'docker.io/=mirror.example.com/, quay.io=mirror.example.com/q',
      'drydock.io/ended-jobs': 'suspend',
      'drydock.io/replicas': 'scale-back',
      'drydock.io/owners': 'relink',
    }
    expect(annotationFaults(annotations)).toEqual([])
    expect(askedBy(annotations)).toEqual({
      objects: [
        { resource: 'deploy', namespace: 'shop', name: 'web' },
        { resource: 'clusterroles.rbac.authorization.k8s.io', name: 'system:reader' },
      ],
      storageClasses: { gp2: 'gp3' },
      images: [
        ['docker.io/', 'mirror.example.com/'],
        ['quay.io', 'mirror.example.com/q'],
      ],
      endedJobs: 'suspend',
      replicas: 'scale-back',
      owners: 'relink',
    })
    expect(askedBy({ 'drydock.io/owners': 'drop' })).toEqual({})
    expect(askedBy({})).toEqual({})
  })

  it('with mappings stand in the place of the ConfigMaps that actions read', () => {
    const configs = askedConfigs({ storageClasses: { a: 'b' }, images: [['x', 'y']] }, 'velero')
    expect(configs['velero.io/change-storage-class']?.[0]).toMatchObject({ data: { a: 'b' } })
    expect(configs['velero.io/change-image-name']?.[0]).toMatchObject({ data: { '0000': 'x,y' } })
    expect(askedConfigs({}, 'velero')).toEqual({})
  })

  it('are all explained in docs/annotations.md', () => {
    const page = readFileSync(new URL('../../../docs/annotations.md', import.meta.url), 'utf8')
    const missing = restoreAnnotations.filter(({ name, isForPeople, takes }) =>
      isForPeople
        ? !new RegExp(
            String.raw`^\| \`${name}\` +\| ${takes.replaceAll(/[.*+?^$()|[\]\\]/g, String.raw`\$&`)} +\|`,
            'm',
          ).test(page)
        : !page.includes(`\`${name}\``),
    )
    expect(missing).toEqual([])
  })
})
