import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { prepareTools } from '../devstack/prepare-tools.ts'

/**
 * `npm test`: finds, fetches or builds the servers with a line for each, then runs vitest, whose set-up starts the stack
 * and stops it. Arguments are vitest's: `npm test -- --project unit`, `npm test -- test/e2e/items/restore.test.ts`.
 */
const wanted = process.argv.slice(2)
if (!wanted.includes('unit')) await prepareTools()

const require = createRequire(import.meta.url)
const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs')
const child = spawn(process.execPath, [vitest, 'run', ...wanted], { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
process.exitCode = await new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? 1)))
