import { MultiBar } from 'cli-progress'
import { createPace } from './pace.ts'
import type { Pace } from './pace.ts'
import { progressLine, progressSentence } from './progress.ts'
import type { RestoreState } from '../api/restore-state.ts'

/** Shows a restore while it runs. */
export interface Display {
  show(state: RestoreState): void
  end(): void
}

/** Where to show it. */
export type DisplayStream = NodeJS.WritableStream & { isTTY?: boolean; columns?: number }

/** On a terminal one line that changes in place, with a line above it for each phase that is over; elsewhere plain lines. */
export function createDisplay(stream: DisplayStream): Display {
  return stream.isTTY === true ? barDisplay(stream) : lineDisplay(stream)
}

function barDisplay(stream: DisplayStream): Display {
  const pace = createPace()
  let shown: { state: RestoreState; pace: Pace } | undefined
  const bars = new MultiBar({
    stream,
    format: () => (shown === undefined ? '' : progressLine(shown.state, shown.pace, (stream.columns ?? 80) - 1)),
    forceRedraw: true,
    hideCursor: true,
    gracefulExit: false,
    clearOnComplete: true,
    fps: 5,
  })
  const bar = bars.create(1, 0)
  return {
    show(state) {
      if (shown !== undefined && shown.state.phase !== state.phase) bars.log(`${shown.state.phase} is over\n`)
      shown = { state, pace: pace(performance.now(), state.itemsDone, state.itemsTotal) }
      bar.setTotal(Math.max(1, state.itemsTotal))
      bar.update(state.itemsDone)
    },
    end() {
      // What the last change of phase has to say is still in its queue.
      bars.update()
      bars.stop()
    },
  }
}

/** How often a restore in which nothing but the count changes is told of. */
const againMs = 5000
/** How often one in which waves go by is. */
const newsMs = 1000

function lineDisplay(stream: DisplayStream): Display {
  const pace = createPace()
  let told = { phase: '', what: '', line: '', atMs: -Infinity }
  return {
    show(state) {
      const now = performance.now()
      const current = pace(now, state.itemsDone, state.itemsTotal)
      const what = JSON.stringify([state.wave, state.waitingFor])
      const pause = state.phase !== told.phase ? 0 : what === told.what ? againMs : newsMs
      if (now - told.atMs < pause) return
      const line = progressSentence(state, current)
      if (line !== told.line) stream.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`)
      told = { phase: state.phase, what, line, atMs: now }
    },
    end: () => {},
  }
}
