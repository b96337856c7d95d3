import { afterRead, politeFlight } from '../../core/in-flight/polite-flight.ts'
import { politeAnnotation } from '../../velero/labels.ts'
import type { Clock, Cluster } from '../ports.ts'
import type { Settings } from '../settings.ts'
import { createPlaces, type ItemLimit } from './item-limit.ts'
import { createLoadWatch } from './load-watch.ts'

/** The places for items on a worker: for those of all restores, and among them for those of polite ones. */
export interface ItemLimits {
  all: ItemLimit
  polite: ItemLimit
}

/** The places for the items of one restore. The annotation decides, and the setting where it says neither yes nor no. */
export function limitFor(
  annotations: Readonly<Record<string, string>> | undefined,
  { itemLimits, settings }: { itemLimits: ItemLimits; settings: Pick<Settings, 'polite'> },
): ItemLimit {
  const asked = annotations?.[politeAnnotation]
  const isPolite = asked === 'true' || (asked !== 'false' && settings.polite)
  return isPolite ? itemLimits.polite : itemLimits.all
}

/** How often the API server is asked for something else while items of polite restores are under way. */
const readEveryMs = 250

/**
 * The places for the items of polite restores: fewer than others have, and fewer still while a read that has nothing to
 * do with a restore takes longer than usual. What `all` says holds for them too.
 */
export function createPoliteLimit(
  all: ItemLimit,
  { max, clock, cluster }: { max: number; clock: Clock; cluster: Pick<Cluster, 'get'> },
): ItemLimit {
  let flight = politeFlight(max)
  const places = createPlaces(flight.limit)
  const told = (ms: number) => {
    flight = afterRead(flight, ms)
    places.resize(flight.limit)
  }
  const watch = createLoadWatch({ clock, cluster, everyMs: readEveryMs, told })
  return {
    max,
    run: (call, restoreUid) =>
      watch.during(async (first) => {
        // The first read is made before this restore is a load.
        await first
        return places.run(() => all.run(call, restoreUid), restoreUid)
      }),
    answered: (step) => all.answered(step),
  }
}
