import { LRUCache } from 'lru-cache'
import { mayRepeatSideEffects } from '../../core/items/slow-webhooks.ts'
import { refusalOf } from '../../core/port-errors.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { Ports } from '../ports.ts'

/** Reads which resources may be written once only, since their webhooks have side effects and may be slow. */
export type SlowWebhooks = () => Promise<(groupResource: GroupResource) => boolean>

/** A write that is sent with a short deadline certainly ends by itself in so many seconds, less the time of the rest. */
const shortSeconds = 3
/** Webhooks come and go, also by the restore itself: chunks that begin together share what one of them has read. */
const keptMs = 1_000

/** Makes the reader of a worker. Where it may not read the configurations, no resource counts. */
export function createSlowWebhooks({ cluster, log }: Pick<Ports, 'cluster' | 'log'>): SlowWebhooks {
  const known = new LRUCache<'all', ReturnType<SlowWebhooks>>({ max: 1, ttl: keptMs })
  const listAll = async (resource: string): Promise<Manifest[]> => {
    try {
      return await cluster.list({ group: 'admissionregistration.k8s.io', version: 'v1', resource }, { cached: true })
    } catch (thrown) {
      const { message, code } = refusalOf(thrown)
      if (code !== 404) log.warn(`webhooks with side effects may be asked twice: ${message}`)
      return []
    }
  }
  return () => {
    const found = known.get('all')
    if (found !== undefined) return found
    const reading = Promise.all([
      listAll('mutatingwebhookconfigurations'),
      listAll('validatingwebhookconfigurations'),
    ]).then((lists) => mayRepeatSideEffects(lists.flat(), shortSeconds))
    known.set('all', reading)
    reading.catch(() => known.delete('all'))
    return reading
  }
}
