import { describe, expect, it, test } from 'vitest'
import { activeActions, builtInActions } from '../../../core/actions/built-in.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { anObject } from '../items/builders.ts'
import { aConfig, actionNamed, someFacts } from './action-input.ts'

test('actions of a feature run only where it is on', () => {
  expect(activeActions(['EnableCSI'])).toEqual(builtInActions)
  const without = activeActions([]).map(({ name }) => name)
  expect(without).toHaveLength(17)
  expect(without.filter((name) => name.includes('csi'))).toEqual([])
})

describe('items that Velero passes through a Go struct', () => {
  const facts = someFacts({ pluginConfigs: { 'velero.io/change-storage-class': [aConfig({ old: 'new' })] } })
  const secret = (type: string) => ({ ...anObject('Secret', 's'), type })
  const claims = { spec: { volumeClaimTemplates: [{ spec: {} }] } }
  it.each<[string, Manifest, object, boolean]>([
    ['velero.io/pod', anObject('Pod', 'p'), {}, true],
    ['velero.io/role-bindings', anObject('RoleBinding', 'r'), {}, false],
    ['velero.io/role-bindings', anObject('RoleBinding', 'r'), { namespaceMapping: { a: 'b' } }, true],
    ['velero.io/secret', secret('Opaque'), {}, false],
    ['velero.io/secret', secret('kubernetes.io/service-account-token'), {}, true],
    ['velero.io/crd-preserve-fields', { ...anObject('C', 'c'), apiVersion: 'apiextensions.k8s.io/v1' }, {}, true],
    ['velero.io/crd-preserve-fields', { ...anObject('C', 'c'), apiVersion: 'apiextensions.k8s.io/v1beta1' }, {}, false],
    ['velero.io/change-image-name', anObject('Pod', 'p'), {}, false],
    ['velero.io/change-storage-class', { ...anObject('StatefulSet', 's'), ...claims }, {}, true],
    ['velero.io/change-storage-class', anObject('StatefulSet', 's'), {}, false],
    ['velero.io/change-storage-class', anObject('PersistentVolumeClaim', 'c'), {}, false],
  ])('by %s: %#', (action, item, spec, converts) => {
    expect(actionNamed(action).convertsThroughStruct?.(item, spec, facts) ?? false).toBe(converts)
  })
})
