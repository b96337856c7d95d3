import { cloneManifest } from '../items/clone-manifest.ts'
import { isJsonMap } from '../items/deep-equal.ts'
import { ActionError } from './action.ts'
import type { ItemAction } from './action.ts'
import { accessField } from './access-field.ts'
import { textAt } from '../values/fields.ts'

/** The v1 API takes no webhook with side effects unknown or undeclared; from v1beta1 such ones may stand in a backup. */
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
