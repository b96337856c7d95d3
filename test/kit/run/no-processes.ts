import childProcess from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'

/**
 * Holds what `npm run test:unit` promises: its tests start no process. Git may be asked which files there are, by the tests
 * that read the repository.
 */
const allowed = ['git']
const starters = ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'] as const

const guarded = childProcess as unknown as Record<string, (file: string, ...rest: unknown[]) => unknown>
for (const starter of starters) {
  const start = guarded[starter]
  guarded[starter] = (file, ...rest) => {
    if (allowed.includes(file)) return start?.(file, ...rest)
    throw new Error(`a unit test may not start ${file}: name its file *.servers.test.ts`)
  }
}
syncBuiltinESMExports()
