import type { Log } from '../activities/ports.ts'
import { currentScene } from '../activities/frame/activity-context.ts'

/** A log whose lines name restore, activity and attempt wherever they are written from within one. */
export function sceneLog(log: Log): Log {
  const at = (level: keyof Log) => (message: string, fields?: Record<string, unknown>) =>
    log[level](message, { ...sceneFields(), ...fields })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function sceneFields(): Record<string, unknown> {
  const scene = currentScene()
  if (scene === undefined) return {}
  const { restore, activity, attempt } = scene
  return { ...(restore === undefined ? {} : { restore }), activity, ...(attempt === 1 ? {} : { attempt }) }
}
