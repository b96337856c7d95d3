import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow'
import { isWait } from '../contract/look.ts'
import type { Look, Wait } from '../contract/look.ts'
import type { RestoreRef } from '../contract/restore-workflow.ts'
import { optional, reasonOf } from './activity-calls.ts'
import type { RunView } from './run-view.ts'

/** A wait of so long is told in an Event. */
const eventAfterMs = 60_000

/** So many changes of what is waited for are shown; then the activity keeps them to itself, so that the history stays bounded. */
const changesMax = 100

/** What a wait is a part of. */
export interface WaitingRun {
  ref: RestoreRef
  view: RunView
}

/** A wait that is shown, and told in an Event if it lasts a minute. */
export interface ToldWait {
  /** What is waited for now, and what the server says of it. */
  change: (reason: string) => void
  end: () => Promise<void>
}

/** Begins a wait that may go on beside others. */
export function beginToldWait({ ref, view }: WaitingRun): ToldWait {
  const shown = view.beginWait()
  const scope = new CancellationScope()
  let telling: Promise<void> | undefined
  const tell = async () => {
    await sleep(eventAfterMs)
    const waitingFor = shown.reason()
    const summary = `waits for ${waitingFor}`.slice(0, 100)
    await optional.tellWait.executeWithOptions({ summary }, [{ ref, waitingFor }])
  }
  return {
    change(reason) {
      shown.change(reason)
      telling ??= scope.run(tell).catch((thrown: unknown) => {
        if (!isCancellation(thrown)) view.trouble(`no Event about the wait: ${reasonOf(thrown)}`)
      })
    },
    async end() {
      shown.end()
      if (telling === undefined) return
      scope.cancel()
      await telling
    },
  }
}

/**
 * Has an activity look until there is nothing left to wait for, and returns its last report. The waiting is Temporal's:
 * between two looks no worker holds anything for it. What is waited for stands in the view, and after a minute in an Event.
 */
export async function lookUntilOver<Report extends object>(
  run: WaitingRun,
  lookOnce: (look: Look) => Promise<Report | Wait>,
): Promise<Report> {
  const wait = beginToldWait(run)
  let look: Look = { told: '' }
  try {
    for (let changes = 1; ; changes++) {
      const report = await lookOnce(look)
      if (!isWait(report)) return report
      const { waitingFor, afterSeconds, carry } = report
      wait.change(waitingFor)
      await sleep(Math.max(1, afterSeconds * 1000))
      look = { ...(changes < changesMax ? { told: waitingFor } : {}), ...(carry === undefined ? {} : { carry }) }
    }
  } finally {
    await wait.end()
  }
}
