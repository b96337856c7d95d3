import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js'
import { diceOf } from '../chance.ts'
import { craftHistory } from './craft.ts'
import type { Crafted } from './craft.ts'
import { startReplayer } from './replayer.ts'
import type { FailedTask, Replayer } from './replayer.ts'

/** What replays of crafted histories came to. */
export interface RanHistories {
  /** Replays that went on to their end. */
  replayed: number
  /** Those that were refused, since the workflow goes another way than the history. */
  refused: number
  /** Tasks that failed with an error of a workflow that does not end a run in words, and were tried again. */
  failedTasks: number
  findings: { number: number; what: string }[]
}

/** How core says that a workflow goes another way than its history. */
const otherWay = /\[TMPRL1100\]|Fatal error in workflow machines/

/** How core says that the error is one of the code of the workflow. */
const ofWorkflow = 'source: "TypeScriptSDK"'

/** These end in words whatever an activity answers; the tasks of the others are tried again, until a worker has another version. */
const endInWords: readonly string[] = ['restore', 'undoRestore']

/** Replays the cases `from` to `from + count - 1` of a seed; `tell` gets each finding at once. */
export async function runHistories(
  seed: number,
  { from, count }: { from: number; count: number },
  tell: (line: string) => void = () => undefined,
): Promise<RanHistories> {
  const replayer = await startReplayer()
  const ran: RanHistories = { replayed: 0, refused: 0, failedTasks: 0, findings: [] }
  const find = (number: number, { from: name, changed }: Crafted, what: string) => {
    const text = `${name}, ${changed.join('; ').slice(0, 400)}: ${what.slice(0, 600)}`
    ran.findings.push({ number, what: text })
    tell(`history, case ${number}: ${text}`)
  }
  // Core tells a task by its run, so each run is once in a group.
  const group = new Map<string, { number: number; crafted: Crafted }>()
  for (let number = from; number < from + count; number++) {
    const crafted = craftHistory(diceOf(seed, number))
    if (group.has(crafted.runId)) await judge()
    group.set(crafted.runId, { number, crafted })
    const error = await replayOne(replayer, number, crafted)
    if (error === undefined) ran.replayed++
    else if (otherWay.test(error.message)) ran.refused++
    // Where a workflow's own code has failed, core tells more of it.
    else if (!error.message.includes(ofWorkflow)) find(number, crafted, error.message)
  }
  await judge()
  await replayer.end()
  return ran

  async function judge(): Promise<void> {
    for (const task of await replayer.failed()) {
      const at = group.get(task.runId)
      if (otherWay.test(task.what)) continue
      ran.failedTasks++
      if (at === undefined) throw new Error(`no case has run ${task.runId}`)
      if (!mayFail(at.crafted, task)) find(at.number, at.crafted, task.what)
    }
    group.clear()
  }
}

/** What people send fails no task, and no code goes on without an end. */
function mayFail({ type, byPeople }: Crafted, { what }: FailedTask): boolean {
  if (what.includes('execution timed out')) return false
  return !byPeople && !endInWords.includes(type) && what.includes(ofWorkflow)
}

function replayOne(replayer: Replayer, number: number, { json }: Crafted): Promise<Error | undefined> {
  return replayer.replay(`case-${number}`, historyFromJSON(json))
}
