import { cancelAnnotation, pauseAnnotation } from '../../velero/labels.ts'
import type { Restore } from '../../velero/restore.ts'

/**
 * What a Restore asks of its run as long as it stands there. It is read at the admission of each run, and whenever the
 * run is told to look, so that it does not matter who was away when it was written.
 */
export interface Levels {
  /** It is being deleted: the run ends. */
  deleted?: true
  /** Why it is to be cancelled. */
  cancel?: string
  /** Why no further chunk is to begin. */
  pause?: string
}

/** A longer reason is cut. */
const reasonMax = 500

/** What stands on a Restore. The value `false` of an annotation, in any case, is the same as none. */
export function levelsOf({ metadata }: Pick<Restore, 'metadata'>): Levels {
  const reasonIn = (annotation: string): string | undefined => {
    const value = metadata.annotations?.[annotation]?.trim()
    if (value === undefined || value.toLowerCase() === 'false') return undefined
    return value === '' || value.toLowerCase() === 'true' ? `by annotation ${annotation}` : value.slice(0, reasonMax)
  }
  const cancel = reasonIn(cancelAnnotation)
  const pause = reasonIn(pauseAnnotation)
  return {
    ...(metadata.deletionTimestamp === undefined ? {} : { deleted: true }),
    ...(cancel === undefined ? {} : { cancel }),
    ...(pause === undefined ? {} : { pause }),
  }
}
