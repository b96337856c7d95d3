import type { Command } from 'commander'
import type { Connections } from '../../api/connections.ts'
import { exitCodes } from '../../api/errors.ts'
import type { ExitCode } from '../../api/errors.ts'
import { exitCodeOf, followRestore, outcomeOf } from '../../api/follow-restore.ts'
import type { RestoreState } from '../../api/restore-state.ts'
import { isOver, readRestore, requireRestore, selectRestores } from '../../api/velero-objects.ts'
import { createDisplay, formatSeconds } from '../../show/progress.ts'
import type { Display } from '../../show/progress.ts'
import type { Restore } from '../../../velero/restore.ts'
import { printResult, withConnections } from '../command.ts'
import type { GlobalOptions, Io, OutputFormat, RunCommand } from '../command.ts'
import { yaml } from '../yaml.ts'

const examples = `
Examples:
  drydock watch shop-20260101120000
  drydock watch shop-20260101120000 blog-20260101120000    both on one screen
  drydock watch shop-20260101120000 -o json | jq -r .phase    one state a line

Ctrl-C ends the watching only; the restore continues.`

/** Adds `watch`. */
export function addWatch(program: Command, run: RunCommand): void {
  const command = program
    .command('watch')
    .description('show restores until they are over: phase, wave, items, rate, time left, what they wait for')
    .argument('<names...>', 'names of the Restores')
    .addHelpText('after', examples)
    .action((names: string[]) => run((io) => watch(io, command.optsWithGlobals<GlobalOptions>(), names)))
}

async function watch(io: Io, options: GlobalOptions, names: readonly string[]): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const [name = '', ...others] = new Set(names)
    if (others.length > 0) return watchSeveral(io, connections, { names: [name, ...others], output: options.output })
    const restore = await requireRestore(connections, name)
    return showUntilOver(io, connections, { restore, output: options.output, everyState: true })
  })
}

/** Shows several restores until all are over. The exit code is that of the one that ended worst. */
async function watchSeveral(
  io: Io,
  connections: Connections,
  { names, output }: { names: readonly string[]; output: OutputFormat },
): Promise<ExitCode> {
  const first = await selectRestores(connections, { names })
  const { showSeveral } = await import('./screen/show-several.ts')
  const read = async () => {
    const live = await Promise.all(first.map(({ metadata }) => readRestore(connections, metadata.name)))
    return live.flatMap((one, index) => (one?.metadata.uid === first[index]?.metadata.uid ? (one ?? []) : []))
  }
  try {
    const ended = await untilInterrupted((signal) =>
      showSeveral(io, connections, { read, output, isDone: (restores) => restores.every(isOver) }, signal),
    )
    const codes = ended.map((restore) => exitCodeOf(restore))
    const isGone = ended.length < first.length
    return Math.max(...codes, isGone ? exitCodes.cancelled : exitCodes.ok) as ExitCode
  } catch (thrown) {
    if (!isInterrupt(thrown)) throw thrown
    io.err.write(`The restores go on. See them with: drydock watch ${names.join(' ')}\n`)
    return exitCodes.interrupted
  }
}

/** Which restore to show, and how. */
export interface ShowOptions {
  restore: Restore
  output: OutputFormat
  /** With json or yaml every state is printed, and not the outcome. */
  everyState?: boolean
}

/**
 * Shows a restore until it is over, then its outcome, and returns the exit code that says how it ended. Ctrl-C ends the
 * showing and leaves the restore running.
 */
export async function showUntilOver(io: Io, connections: Connections, options: ShowOptions): Promise<ExitCode> {
  const { restore, output, everyState = false } = options
  const display = displayFor(io, options)
  let ended: Restore | undefined
  try {
    ended = await untilInterrupted((signal) =>
      followRestore(connections, restore, { onState: (state) => display.show(state), signal }),
    )
  } catch (thrown) {
    if (!isInterrupt(thrown)) throw thrown
    const { name } = restore.metadata
    display.end()
    io.err.write(
      `Restore "${name}" goes on. See it with: drydock watch ${name}. Stop it with: drydock cancel ${name}\n`,
    )
    return exitCodes.interrupted
  }
  display.end()
  if (!everyState || output === 'table')
    printResult(io, output, outcomeOf(restore, ended), () => outcomeText(restore, ended))
  return exitCodeOf(ended)
}

/**
 * Shows on standard error, where that is a terminal, how a restore goes on, until it is over, and returns it as it ended;
 * undefined where it was deleted. Ctrl-C ends the showing only.
 */
export async function followUntilOver(
  io: Io,
  connections: Connections,
  restore: Restore,
): Promise<Restore | undefined | 'interrupted'> {
  const display = displayFor(io, { restore, output: 'json' })
  try {
    return await untilInterrupted((signal) =>
      followRestore(connections, restore, { onState: (state) => display.show(state), signal }),
    )
  } catch (thrown) {
    if (!isInterrupt(thrown)) throw thrown
    io.err.write(`Restore "${restore.metadata.name}" goes on. See it with: drydock plan ${restore.metadata.name}\n`)
    return 'interrupted'
  } finally {
    display.end()
  }
}

/** With `table` the progress; for programs every state or, where only the outcome is printed, the progress on standard error. */
function displayFor(io: Io, { output, everyState = false }: ShowOptions): Display {
  if (output === 'table') return createDisplay(io.out)
  if (everyState) return stateWriter(io, output)
  return io.err.isTTY === true ? createDisplay(io.err) : { show: () => {}, end: () => {} }
}

/** Writes each state that differs from the one before: one line of JSON, or one document of YAML. */
function stateWriter(io: Io, output: 'json' | 'yaml'): Display {
  let last = ''
  const show = (state: RestoreState) => {
    const json = JSON.stringify(state)
    if (json === last) return
    last = json
    io.out.write(output === 'json' ? `${json}\n` : `---\n${yaml().stringify(state)}`)
  }
  return { show, end: () => {} }
}

function outcomeText(restore: Restore, ended: Restore | undefined): string {
  const { name, phase, items, warnings, errors, seconds, reason, validationErrors = [] } = outcomeOf(restore, ended)
  if (ended === undefined) return `Restore "${name}" was deleted`
  const took = seconds === undefined ? '' : `, ${formatSeconds(seconds)}`
  const counts = `Restore "${name}" ${phase}: ${items} items, ${warnings} warnings, ${errors} errors${took}`
  const hint = warnings + errors > 0 ? [`See them with: drydock describe ${name}`] : []
  return [counts, ...(reason === undefined ? [] : [reason]), ...validationErrors, ...hint].join('\n')
}

/** Ctrl-C, or another signal that asks the process to end. */
class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/** Whether the process was asked to end: what {@link untilInterrupted} throws then. */
export function isInterrupt(thrown: unknown): boolean {
  return thrown instanceof Interrupted
}

/**
 * Runs something until it ends or the process is asked to end; then its signal is aborted with `Interrupted`. Further
 * signals change nothing, since a terminal and a parent process may both send one.
 */
export async function untilInterrupted<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stop = () => controller.abort(new Interrupted('interrupted'))
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of names) process.on(name, stop)
  try {
    return await run(controller.signal)
  } finally {
    for (const name of names) process.removeListener(name, stop)
  }
}
