import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { mutationVariable } from './mutate-source.ts'
import { mutations } from './mutations.ts'
import type { Mutation } from './mutations.ts'

/*
 * npm run mutation                      switches each rule off in turn; exit code 1 where nothing notices one
 * npm run mutation -- --only PART       those with this in their names
 */

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } })
const missed: string[] = []
for (const mutation of mutations.filter(({ name }) => name.includes(values.only))) {
  const by = await noticedBy(mutation)
  if (by === undefined) missed.push(mutation.name)
  console.log(`| [${mutation.rule}](rules.md#rule-${mutation.rule}) | ${mutation.name} | ${by ?? 'NOBODY'} |`)
}
process.exitCode = missed.length === 0 ? 0 : 1

/** The seed or the test that fails first; undefined where nothing does. */
async function noticedBy({ name, by }: Mutation): Promise<string | undefined> {
  if ('sim' in by) {
    const { seed, runs } = by.sim
    const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
    const preload = ['--stack-trace-limit=5', '--import', at('./load-mutated.ts'), '--import', at('../sim/alias.ts')]
    const range = ['--find', '--seed', String(seed), '--runs', String(runs)]
    const text = await run(name, process.execPath, [...preload, at('../sim/main.ts'), ...range])
    const [, found, finding = ''] = /^seed (\d+): (.*)$/m.exec(text) ?? []
    return found === undefined ? undefined : `seed ${found}: ${finding.slice(0, 110)}`
  }
  const config = fileURLToPath(new URL('./vitest.config.ts', import.meta.url))
  const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
  const text = await run(name, process.execPath, [vitest, 'run', '--config', config, '--no-color', ...by.unit])
  const [, file, test] = /^ FAIL {2}(\S+) > (.*)$/m.exec(text) ?? []
  return file === undefined ? undefined : `[${test}](../${file})`
}

function run(mutation: string, program: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, [mutationVariable]: mutation }
  return new Promise((resolve) => {
    execFile(program, args, { env, maxBuffer: 1 << 26 }, (_error, stdout, stderr) => resolve(`${stdout}${stderr}`))
  })
}
