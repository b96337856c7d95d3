import { setTimeout as sleep } from 'node:timers/promises'
import type { Connections } from '../../../api/connections.ts'
import { queryProgress, restoreState } from '../../../api/restore-state.ts'
import type { RestoreState } from '../../../api/restore-state.ts'
import { createRateMeter } from '../../../show/rate.ts'
import { restoresScreen } from '../../../show/restores-screen.ts'
import type { ShownRestore } from '../../../show/restores-screen.ts'
import type { Restore } from '../../../../velero/restore.ts'
import type { Io, OutputFormat } from '../../command.ts'
import { yaml } from '../../yaml.ts'

/** What is shown together, and how. */
export interface SeveralOptions {
  /** Reads the restores to show. */
  read: () => Promise<readonly Restore[]>
  output: OutputFormat
  /** Show them once. */
  once?: boolean
  /** Whether there is nothing more to wait for. */
  isDone: (restores: readonly Restore[]) => boolean
}

const pauseMs = 2000
/** Workflows are asked side by side, a few at a time. */
const askedAtOnce = 16
const answerMsMax = 2000

/** Control sequences of a terminal: to the upper left corner, and to clear what follows. */
const [home, clearRest, clearAll] = ['\u001b[H', '\u001b[0J', '\u001b[2J']

/** Shows several restores on one screen, which is drawn anew every two seconds; on a pipe as plain tables, for programs as values. */
export async function showSeveral(
  io: Io,
  connections: Connections,
  options: SeveralOptions,
  signal: AbortSignal,
): Promise<readonly Restore[]> {
  const meters = new Map<string, ReturnType<typeof createRateMeter>>()
  const isScreen = options.output === 'table' && io.out.isTTY === true && options.once !== true
  if (isScreen) io.out.write(clearAll)
  for (let last = ''; ;) {
    const restores = await options.read()
    const shown = await statesOf(connections, restores, meters)
    const text = textOf(shown, options.output, io.out.columns)
    if (isScreen) io.out.write(`${home}${text.replaceAll('\n', '\u001b[0K\n')}\u001b[0K\n${clearRest}`)
    else if (text !== last) io.out.write(`${text}\n`)
    last = text
    if (options.once === true || options.isDone(restores)) return restores
    await sleep(pauseMs, undefined, { signal }).catch(() => {})
    signal.throwIfAborted()
  }
}

function textOf(shown: readonly ShownRestore[], output: OutputFormat, width: number | undefined): string {
  const states = shown.map(({ namespace, state }) => ({ namespace, ...state }))
  if (output === 'json') return JSON.stringify(states)
  return output === 'yaml' ? `---\n${yaml().stringify(states).trimEnd()}` : restoresScreen(shown, width)
}

async function statesOf(
  connections: Connections,
  restores: readonly Restore[],
  meters: Map<string, ReturnType<typeof createRateMeter>>,
): Promise<ShownRestore[]> {
  const shown: ShownRestore[] = []
  for (let from = 0; from < restores.length; from += askedAtOnce)
    shown.push(...(await Promise.all(restores.slice(from, from + askedAtOnce).map(stateOf))))
  return shown

  async function stateOf(restore: Restore): Promise<ShownRestore> {
    const { name, namespace = connections.namespace, uid = name } = restore.metadata
    const answer = await queryProgress({ ...connections, namespace }, restore, answerMsMax)
    const state: RestoreState = restoreState(name, restore, answer)
    const meter = meters.get(uid) ?? createRateMeter()
    meters.set(uid, meter)
    return { namespace, state, rate: meter(performance.now(), state) }
  }
}
