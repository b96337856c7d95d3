import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { extraTools } from '../../devstack/services/extra-services.ts'
import { kwokStages } from '../../devstack/services/kwok.ts'
import { obtainTool, ToolUnavailable } from '../../devstack/tools/obtain-tool.ts'
import { choose, readExpected } from './choose.ts'
import type { Choice } from './choose.ts'
import { groups } from './groups.ts'
import { judge, runReport } from './judge.ts'
import type { Verdict } from './judge.ts'
import { runSuite, suiteTestdata, suiteTools } from './run-suite.ts'
import { startServers, suiteServices } from './servers.ts'
import type { Place } from './servers.ts'
import { labelFilter } from './specs.ts'

const usage = `npm run velero-e2e                       runs the quick specs of Velero's end-to-end suite while Drydock restores
npm run velero-e2e -- --all              all that can run here
npm run velero-e2e -- --focus PATTERN    those whose names match this expression
npm run velero-e2e -- --list […]         shows what would run, and what cannot run and why
npm run velero-e2e -- --prepare          finds, fetches or builds the programs, and runs nothing
--dir FOLDER                             where logs and reports go; by default .tmp/velero-e2e
--report FILE                            writes what came of it, as .ci/run judges it

Exit codes: 0 as expected, 1 not so or failed, 2 a wrong command line, 3 a program is missing, 130 interrupted.`

const interrupt = new AbortController()

async function main(args: string[]): Promise<number> {
  const options = readOptions(args)
  if (options === undefined) return tellUsage()
  const expected = readExpected()
  const choices = choose(expected, options)
  if (choices.length === 0) return tellUsage('no spec that can run here has such a name')
  if (options.list) return show(choices)
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort())
  const report = (line: string) => console.error(line)
  await prepare({ dir: tmpdir(), report, signal: interrupt.signal })
  if (options.prepare) return 0
  const verdicts: Verdict[] = []
  for (const choice of choices) {
    const place = { dir: join(resolve(options.dir), choice.name), report, signal: interrupt.signal }
    const ofGroup = await runGroup(choice, place)
    for (const verdict of ofGroup) console.log(describe(verdict))
    verdicts.push(...ofGroup)
  }
  if (options.report !== undefined) writeFileSync(options.report, JSON.stringify(runReport(verdicts)))
  const wrong = verdicts.filter((verdict) => verdict.wrong !== undefined)
  console.log(`${verdicts.length - wrong.length} specs are as expected, ${wrong.length} are not`)
  return wrong.length === 0 ? 0 : 1
}

/** One tool after the other: a build uses all processors. What comes after needs no network. */
async function prepare(place: Place): Promise<void> {
  for (const name of toolNames) await obtainTool(name, place)
  await kwokStages(place)
  await suiteTestdata(place)
}

const toolNames = new Set([
  ...(['etcd', 'kube-apiserver', 'versitygw', 'temporal'] as const),
  ...suiteServices.flatMap((service) => extraTools[service]),
  ...suiteTools,
])

interface Options {
  all: boolean
  focus?: RegExp
  list: boolean
  prepare: boolean
  dir: string
  report?: string
}

/** Undefined where they are wrong. */
function readOptions(args: string[]): Options | undefined {
  const flag = { type: 'boolean', default: false } as const
  const standard = fileURLToPath(new URL('../../.tmp/velero-e2e', import.meta.url))
  try {
    const { values } = parseArgs({
      args,
      options: {
        all: flag,
        list: flag,
        prepare: flag,
        focus: { type: 'string' },
        report: { type: 'string' },
        dir: { type: 'string', default: standard },
      },
    })
    if (values.all && values.focus !== undefined) return undefined
    const { focus, report, ...rest } = values
    return {
      ...rest,
      ...(focus === undefined ? {} : { focus: new RegExp(focus) }),
      ...(report === undefined ? {} : { report: resolve(report) }),
    }
  } catch {
    return undefined
  }
}

function tellUsage(reason?: string): number {
  if (reason !== undefined) console.error(reason)
  console.error(usage)
  return 2
}

function show(choices: readonly Choice[]): number {
  for (const { name, specs } of choices) {
    console.log(`${name}: ${groups[name].about}`)
    for (const spec of specs) console.log(`  ${spec}`)
  }
  console.log('cannot run here')
  for (const entry of readExpected()) if ('cannot' in entry) console.log(`  ${entry.spec}\n    ${entry.cannot}`)
  return 0
}

/** One group on servers of its own. Where a spec is not as expected, all logs stay. */
async function runGroup({ name, specs }: Choice, place: Place): Promise<Verdict[]> {
  const expected = readExpected()
  console.log(`${name}: ${groups[name].about}`)
  rmSync(place.dir, { recursive: true, force: true })
  const servers = await startServers(groups[name], place)
  let isGood = false
  try {
    const filter = labelFilter(
      specs,
      expected.map(({ spec }) => spec),
    )
    const verdicts = judge(await runSuite(groups[name], filter, { servers, place }), expected, specs)
    isGood = verdicts.every(({ wrong }) => wrong === undefined)
    return verdicts
  } finally {
    await servers.stop({ keepFiles: !isGood })
    if (!isGood) console.log(`  the suite's output and all logs are in ${place.dir}`)
  }
}

function describe({ spec, seconds, wrong }: Verdict): string {
  const time = `${seconds.toFixed(0)} s`.padStart(6)
  return wrong === undefined ? `  ok  ${time}  ${spec}` : `  RED ${time}  ${spec}\n      ${wrong}`
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  if (interrupt.signal.aborted) return 130
  console.error(error instanceof ToolUnavailable ? error.message : error)
  return error instanceof ToolUnavailable ? 3 : 1
})
