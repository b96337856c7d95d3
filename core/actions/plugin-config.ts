import { fieldsAt } from '../values/fields.ts'
import { ActionError } from './action.ts'
import type { ActionFacts } from './action.ts'

/**
 * The settings of an action: the data of the ConfigMap with its labels, empty if there is none. Throws `ActionError` in
 * Velero's words if there are several such ConfigMaps.
 */
export function pluginConfig(facts: ActionFacts, action: string): Record<string, string> {
  const configMaps = Object.hasOwn(facts.pluginConfigs, action) ? (facts.pluginConfigs[action] ?? []) : []
  if (configMaps.length > 1) {
    const names = configMaps.map((configMap) => configMap.metadata.name).join(' ')
    const selector = `velero.io/plugin-config,${action}=RestoreItemAction`
    throw new ActionError(`found more than one ConfigMap matching label selector "${selector}": [${names}]`)
  }
  return stringsOf(fieldsAt(configMaps[0], 'data') ?? {})
}

function stringsOf(data: Record<string, unknown>): Record<string, string> {
  const entries = Object.entries(data).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return Object.fromEntries(entries)
}
