import { currentActivity } from '../activities/frame/activity-context.ts'
import type { Log } from '../activities/ports.ts'

/** A log whose lines name restore, activity and attempt wherever they are written from within one. */
export function contextLog(log: Log): Log {
  const at = (level: keyof Log) => (message: string, fields?: Record<string, unknown>) =>
    log[level](message, { ...contextFields(), ...fields })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function contextFields(): Record<string, unknown> {
  const context = currentActivity()
  if (context === undefined) return {}
  const { restore, activity, attempt } = context
  return { ...(restore === undefined ? {} : { restore }), activity, ...(attempt === 1 ? {} : { attempt }) }
}
