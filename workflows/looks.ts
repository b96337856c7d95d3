import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow'
import { isWait } from '../contract/look.ts'
import type { Look, Wait } from '../contract/look.ts'
import type { AdmittedRef } from '../contract/restore-workflow.ts'
import { optional, reasonOf } from './activity-calls.ts'
import type { RunView } from './run-view.ts'

/** A wait of so long is told in an Event. */
const eventAfterMs = 60_000

/** So many changes of what is waited for are shown; then the activity keeps them to itself, so that the history stays bounded. */
const changesMax = 100

/**
 * Has an activity look until there is nothing left to wait for, and returns its last report. The waiting is Temporal's:
 * between two looks no worker holds anything for it. What is waited for stands in the view, and after a minute in an Event.
 */
export async function lookUntilOver<Report extends object>(
  { ref, view }: { ref: AdmittedRef; view: RunView },
  lookOnce: (look: Look) => Promise<Report | Wait>,
): Promise<Report> {
  const shown = view.beginWait()
  let teller: Teller | undefined
  let look: Look = { told: '' }
  try {
    for (let changes = 1; ; changes++) {
      const report = await lookOnce(look)
      if (!isWait(report)) return report
      const { waitingFor, afterSeconds, carry } = report
      shown.change(waitingFor)
      teller ??= tellLater(ref, view, () => shown.reason())
      await sleep(Math.max(1, afterSeconds * 1000))
      look = { ...(changes < changesMax ? { told: waitingFor } : {}), ...(carry === undefined ? {} : { carry }) }
    }
  } finally {
    shown.end()
    await teller?.stop()
  }
}

interface Teller {
  stop(): Promise<void>
}

/** Records an Event on the Restore if the wait still goes on after a minute. */
function tellLater(ref: AdmittedRef, view: RunView, reason: () => string): Teller {
  const scope = new CancellationScope()
  const telling = scope
    .run(async () => {
      await sleep(eventAfterMs)
      const waitingFor = reason()
      await optional.tellWait.executeWithOptions({ summary: `waits for ${waitingFor}`.slice(0, 100) }, [
        { ref, waitingFor },
      ])
    })
    .catch((thrown: unknown) => {
      if (!isCancellation(thrown)) view.trouble(`no Event about the wait: ${reasonOf(thrown)}`)
    })
  return {
    async stop() {
      scope.cancel()
      await telling
    },
  }
}
