import { fieldsAt, objectsAt, accessField, textAt } from '../values/fields.ts'
import { cloneManifest, isJsonMap } from '../values/manifest-json.ts'
import { ActionError } from './action.ts'
import type { ItemAction } from './action.ts'

/**
 * The API `apiextensions.k8s.io/v1` refuses `preserveUnknownFields: true`, which a definition created as v1beta1 may
 * have. The action replaces it by the equivalent field in the schema of each version.
 */
export const crdPreserveFields: ItemAction = {
  name: 'velero.io/crd-preserve-fields',
  appliesTo: ['customresourcedefinitions.apiextensions.k8s.io'],
  convertsThroughStruct: ({ apiVersion }) => apiVersion === 'apiextensions.k8s.io/v1',
  execute({ item }) {
    const preserves = fieldsAt(item, 'spec')?.['preserveUnknownFields'] === true
    if (item.apiVersion !== 'apiextensions.k8s.io/v1' || !preserves) return { item }
    const restored = cloneManifest(item)
    delete fieldsAt(restored, 'spec')?.['preserveUnknownFields']
    for (const version of objectsAt(restored, 'spec', 'versions')) {
      const schema = fieldsAt(version, 'schema', 'openAPIV3Schema')
      if (schema !== undefined) schema['x-kubernetes-preserve-unknown-fields'] = true
    }
    return { item: restored }
  },
}

/** The v1 API refuses webhooks with unknown or undeclared side effects, which v1beta1 allowed: they become `None`. */
export const admissionWebhook: ItemAction = {
  name: 'velero.io/admission-webhook-configuration',
  appliesTo: [
    'mutatingwebhookconfigurations.admissionregistration.k8s.io',
    'validatingwebhookconfigurations.admissionregistration.k8s.io',
  ],
  execute({ item }) {
    if (item.apiVersion !== 'admissionregistration.k8s.io/v1') return { item }
    const webhooks = accessField(item, ['webhooks'], 'list')
    if ('error' in webhooks) throw new ActionError(`failed to get webhooks slice from input item: ${webhooks.error}`)
    if (!webhooks.found) return { item }
    const kept = cloneManifest(webhooks.value).filter(isJsonMap)
    for (const webhook of kept) {
      const sideEffects = textAt(webhook, 'sideEffects')
      if (sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun') webhook['sideEffects'] = 'None'
    }
    return { item: { ...item, webhooks: kept } }
  },
}

/** APIServices that the API server creates itself are skipped: the new cluster has its own. */
export const apiService: ItemAction = {
  name: 'velero.io/apiservice',
  appliesTo: ['apiservices.apiregistration.k8s.io'],
  requiresLabel: 'kube-aggregator.kubernetes.io/automanaged',
  execute: ({ item }) => ({ item, skip: true }),
}
