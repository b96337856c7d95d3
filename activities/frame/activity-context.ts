import { AsyncLocalStorage } from 'node:async_hooks'

/** Of what the running code is a part: so that each line of the log can name its restore without every call passing it on. */
export interface Scene {
  /** The Restore's name; absent for activities that serve no single one. */
  restore?: string
  activity: string
  attempt: number
  /** Told how long the activity waited for something, in words; the words are put into a class before they are counted. */
  waited?: (reason: string, seconds: number) => void
}

const scenes = new AsyncLocalStorage<Scene>()

/** Runs an activity inside its scene; everything that it awaits is in it too. */
export function inScene<T>(scene: Scene, body: () => Promise<T>): Promise<T> {
  return scenes.run(scene, body)
}

/** The scene of the running code; undefined outside of activities. */
export function currentScene(): Scene | undefined {
  return scenes.getStore()
}
