import type { Manifest } from '../../velero/manifest.ts'
import { parseItemKey } from '../items/outcome.ts'
import { quantityValue } from '../values/quantity.ts'
import type { Tally } from '../results/tally.ts'
import { verdictOf } from './verdict.ts'
import { whatExists } from '../asked/existing.ts'
import { saysMustNotExist } from '../items/decide-existing.ts'

/** Kinds that a quota may count under their plain name. Source: pkg/quota/v1/evaluator/core of Kubernetes. */
const plain = [
  'configmaps',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
]

/**
 * Where the objects that a plan would create are more than a quota has room for, one sentence each. A dry run is checked
 * against a quota and not counted, so each create alone may pass. Amounts of CPU, memory and storage are not added up.
 */
export function quotaNotes(quotas: readonly Manifest[], tally: Tally): string[] {
  const wanted = new Map<string, number>()
  if (quotas.length === 0) return []
  for (const outcome of tally.values()) {
    const item = parseItemKey(outcome.key)
    const namespace = outcome.listed?.name.split('/')[0]
    if (item === undefined || namespace === undefined || verdictOf(outcome) !== 'create') continue
    const place = `${namespace}|${item.groupResource}`
    wanted.set(place, (wanted.get(place) ?? 0) + 1)
  }
  return quotas.flatMap(({ metadata: { name, namespace = '' }, status }) => {
    const { hard = {}, used = {} } = (status ?? {}) as { hard?: Record<string, string>; used?: Record<string, string> }
    return Object.entries(hard).flatMap(([counted, limit]) => {
      const groupResource = counted.startsWith('count/') ? counted.slice('count/'.length) : counted
      if (groupResource === counted && !plain.includes(counted)) return []
      const creates = wanted.get(`${namespace}|${groupResource}`) ?? 0
      const room = Math.max(0, quantityValue(limit) - quantityValue(used[counted]))
      if (creates <= room) return []
      return [
        `quota ${namespace}/${name} has room for ${room} more ${groupResource}, and ${creates} would be created: ` +
          `${creates - room} of them will be refused, whichever come last`,
      ]
    })
  })
}

/** One sentence where a restore would end before it writes, since objects exist that must not; none otherwise. */
export function existingNotes(tally: Tally): string[] {
  const names = [...tally.values()].flatMap(({ messages, listed }) =>
    messages.some(saysMustNotExist) ? [`${listed?.kind ?? ''} ${listed?.name ?? ''}`] : [],
  )
  return names.length === 0 ? [] : [`The restore would end before it writes: ${whatExists(names.sort())} and must not`]
}
