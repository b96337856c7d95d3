import { listAt, objectsAt, textAt, valueAt } from '../values/fields.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { parseGroupResource } from '../../velero/resource.ts'
import type { GroupResource } from '../../velero/resource.ts'

/** What a webhook without `timeoutSeconds` has; the API server sets it. */
const defaultTimeoutSeconds = 10

/**
 * Whether writes of a resource ask webhooks that have side effects and may take longer than so many seconds together. A
 * write that is given up and sent again asks them twice, which only a webhook without side effects allows. Selectors and
 * conditions of webhooks are not looked at: an object that they leave out counts too.
 */
export function mayRepeatSideEffects(
  configurations: readonly Manifest[],
  seconds: number,
): (groupResource: GroupResource) => boolean {
  const webhooks = configurations.flatMap((one) => objectsAt(one, 'webhooks'))
  return (groupResource) => {
    const asked = webhooks.filter((webhook) => objectsAt(webhook, 'rules').some((rule) => isAbout(rule, groupResource)))
    if (!asked.some((webhook) => textAt(webhook, 'sideEffects') !== 'None')) return false
    const together = asked.reduce((sum, one) => sum + timeoutOf(one), 0)
    return together > seconds
  }
}

function timeoutOf(webhook: object): number {
  const seconds = valueAt(webhook, 'timeoutSeconds')
  return typeof seconds === 'number' ? seconds : defaultTimeoutSeconds
}

/** Whether a rule is about the resource or its status, in whatever version: the server converts between them. */
function isAbout(rule: object, groupResource: GroupResource): boolean {
  const { group, resource } = parseGroupResource(groupResource)
  const has = (field: string, wanted: readonly string[]) =>
    listAt(rule, field).some((one) => wanted.includes(String(one)))
  const places = [resource, '*'].flatMap((one) => [one, `${one}/*`, `${one}/status`])
  return has('apiGroups', [group, '*']) && has('resources', places) && has('operations', ['CREATE', 'UPDATE', '*'])
}
