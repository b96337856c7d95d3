import { ConfigErrors, readConfig } from '../../worker/config.ts'

/** What keeps a worker with these settings from starting, each in a sentence; nothing where it starts. */
export function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env)
    return []
  } catch (thrown) {
    if (thrown instanceof ConfigErrors) return thrown.problems
    throw thrown
  }
}
