import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { mutationVariable } from './mutate-source.ts'
import { mutations } from './mutations.ts'
import type { Mutation } from './mutations.ts'

const only = new Command('mutation')
  .description(
    'Switches each rule of docs/rules.md off in turn, and prints what notices it. Exit code 1 where nothing notices one.',
  )
  .option('--only <part>', 'those with this in their names', '')
  .parse()
  .opts<{ only: string }>().only
const missed: string[] = []
for (const mutation of mutations.filter(({ name }) => name.includes(only))) {
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
