import { describe, expect, it, test } from 'vitest'
import type { AdmissionFacts } from '../../../core/request/admission-facts.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { RestoreSpec } from '../../../velero/restore.ts'
import { aConfigMap, admit, errorsOf } from './admission.ts'

describe('resource modifiers', () => {
  const resourceModifier = { kind: 'CONFIGMAP', name: 'mods' }
  const rules = 'version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}\n'

  test.each<[string, Manifest | undefined, string]>([
    ['missing', undefined, 'failed to get resource modifiers configmap velero/mods'],
    [
      'with two keys',
      { ...aConfigMap(''), data: { a: '', b: '' } },
      'Error in parsing resource modifiers provided in configmap velero/mods: illegal resource modifiers velero/cm configmap',
    ],
    [
      'with an unknown field',
      aConfigMap('foo: 1'),
      'Error in parsing resource modifiers provided in configmap velero/mods: failed to decode yaml data into resource modifiers, err: unknown field foo',
    ],
    [
      'without rules',
      aConfigMap('version: v1'),
      'Validation error in resource modifiers provided in configmap velero/mods: resource modifier rules cannot be empty',
    ],
  ])('%s refuse the restore', (_, modifierConfigMap, error) => {
    expect(errorsOf({ resourceModifier }, { modifierConfigMap })).toEqual([error])
  })

  it('come with the admission', () => {
    const admission = admit({ backupName: 'b', resourceModifier }, { modifierConfigMap: aConfigMap(rules) })
    expect(admission).toMatchObject({
      do: 'admit',
      modifiers: { version: 'v1', rules: [{ conditions: { groupResource: 'pods' } }] },
    })
  })

  it('of another kind are ignored', () => {
    const admission = admit({ backupName: 'b', resourceModifier: { kind: 'Secret', name: 'mods' } })
    expect(admission.do === 'admit' && 'modifiers' in admission).toBe(false)
  })
})

describe('default resource modifiers', () => {
  const rules = 'version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}\n'
  const given = { name: 'cm', configMap: aConfigMap(rules) }
  const admitted = (spec: RestoreSpec, defaultModifiers: AdmissionFacts['defaultModifiers']) => {
    const { do: verdict, ...rest } = admit({ backupName: 'b', ...spec }, { defaultModifiers })
    return { verdict, isModified: 'modifiers' in rest, notes: 'notes' in rest ? rest.notes : undefined }
  }

  test.each<[string, RestoreSpec, AdmissionFacts['defaultModifiers'], boolean, string[] | undefined]>([
    ['serve a restore that names none', {}, given, true, undefined],
    ['are left out where the restore asks for it', { skipDefaultResourceModifier: true }, given, false, undefined],
    ['give way to its own', { resourceModifier: { kind: 'Secret', name: 'x' } }, given, false, undefined],
    [
      'that are missing are noted',
      {},
      { name: 'cm' },
      false,
      ['default resource modifier configmap velero/cm cannot be read, it is left out'],
    ],
    [
      'that cannot be parsed are noted',
      {},
      { name: 'cm', configMap: aConfigMap('foo: 1') },
      false,
      [expect.stringMatching(/^default resource modifier configmap velero\/cm cannot be parsed: .* it is left out$/)],
    ],
    [
      'that are not valid are noted',
      {},
      { name: 'cm', configMap: aConfigMap('version: v1') },
      false,
      [expect.stringMatching(/ is not valid: resource modifier rules cannot be empty, it is left out$/)],
    ],
  ])('%s', (_, spec, defaultModifiers, isModified, notes) => {
    expect(admitted(spec, defaultModifiers)).toEqual({ verdict: 'admit', isModified, notes })
  })
})

describe('resource policies', () => {
  const resourcePolicy = { kind: 'configmap', name: 'pol' }
  const prefix = 'invalid restore resource policies: '

  test.each<[string, Partial<AdmissionFacts>, string]>([
    ['missing', {}, 'fail to get ResourcePolicies velero/pol ConfigMap: ConfigMap "pol" not found'],
    [
      'not to be read',
      { policyConfigMap: { error: 'timeout' } },
      'fail to get ResourcePolicies velero/pol ConfigMap: timeout',
    ],
    [
      'with two keys',
      { policyConfigMap: { ...aConfigMap(''), data: {} } },
      'fail to read the ResourcePolicies from ConfigMap velero/r: illegal resource policies velero/cm configmap',
    ],
    [
      'empty',
      { policyConfigMap: aConfigMap('') },
      'fail to read the ResourcePolicies from ConfigMap velero/r: failed to decode yaml data into resource policies  the text is empty',
    ],
    [
      'of another version',
      { policyConfigMap: aConfigMap('version: v2') },
      'fail to validate ResourcePolicies in ConfigMap velero/r: incompatible version number v2 with supported version v1',
    ],
  ])('%s refuse the restore', (_, facts, error) => {
    expect(errorsOf({ resourcePolicy }, facts)).toEqual([prefix + error])
  })

  it('of another kind refuse it too, unlike modifiers', () => {
    const error = `${prefix}invalid ResourcePolicy kind "Secret", only "configmap" is supported`
    expect(errorsOf({ resourcePolicy: { kind: 'Secret', name: 'pol' } })).toEqual([error])
  })

  it('come with the admission', () => {
    const policyConfigMap = aConfigMap('version: v1\nclusterScopedFilterPolicy: {resourceFilters: [{kinds: [pv]}]}')
    expect(admit({ backupName: 'b', resourcePolicy }, { policyConfigMap })).toMatchObject({
      policies: { clusterScoped: [{ kinds: ['pv'] }], namespaced: [] },
    })
  })
})
