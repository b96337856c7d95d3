import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { temporalServer } from '../../devstack/tools/versions.ts'

/**
 * `npm run test:versions`: the core of the tests of whole restores on other versions of the servers than those of `npm test`, which it
 * is no part of. The first run builds them, which takes minutes each. With names it runs those alone: `npm run test:versions -- kubernetes`.
 */
const others: Readonly<Record<string, NodeJS.ProcessEnv>> = {
  kubernetes: { DRYDOCK_KUBERNETES_VERSION: 'v1.24.0' },
  temporal: { DRYDOCK_TEMPORAL_VERSION: temporalServer },
}

/** What a restore must not fail at, wherever it runs: written, repeated, cancelled, taken over, undone, killed in its midst. */
const core = [
  'items/restore',
  'items/retry',
  'items/rules',
  'items/undo',
  'items/continue-as-new',
  'finalize/finalize',
  'cancel/deletion',
  'locks/namespace-locks',
  'worker/temporal-tls',
  'chaos/chaos',
].map((name) => `test/e2e/${name}.test.ts`)

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(others)
const unknown = wanted.filter((name) => !(name in others))
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; known are ${Object.keys(others).join(' and ')}`)
  process.exit(2)
}

const run = fileURLToPath(new URL('../run.ts', import.meta.url))
const failed = wanted.filter((name) => {
  const env = { ...process.env, ...others[name] }
  console.error(
    `\n== ${Object.entries(others[name] ?? {})
      .join(' ')
      .replaceAll(',', '=')}`,
  )
  return spawnSync(process.execPath, [run, '--project', 'e2e', ...core], { stdio: 'inherit', env }).status !== 0
})
for (const name of wanted) console.error(`${name}: ${failed.includes(name) ? 'FAILED' : 'passed'}`)
process.exit(failed.length === 0 ? 0 : 1)
