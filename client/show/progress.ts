import type { RestoreState } from '../api/restore-state.ts'
import { createRateMeter } from './rate.ts'
import type { Rate } from './rate.ts'

/** Shows a restore while it runs. */
export interface Display {
  show(state: RestoreState): void
  end(): void
}

/** A stream to show it on. */
export type DisplayStream = NodeJS.WritableStream & { isTTY?: boolean; columns?: number }

/** On a terminal one line that changes in place, with a line above it for each phase that is over; elsewhere plain lines. */
export function createDisplay(stream: DisplayStream): Display {
  return stream.isTTY === true ? terminalDisplay(stream) : lineDisplay(stream)
}

/** Control sequences of a terminal: to hide and show the cursor, not to wrap long lines and to wrap them, to clear the line. */
const [start, stop, clear] = ['\u001b[?25l\u001b[?7l', '\u001b[?25h\u001b[?7h', '\r\u001b[0K']

function terminalDisplay(stream: DisplayStream): Display {
  const rateOf = createRateMeter()
  let phase: string | undefined
  return {
    show(state) {
      if (phase === undefined) stream.write(start)
      else if (phase !== state.phase) stream.write(`${clear}${phase} is over\n`)
      phase = state.phase
      const rate = rateOf(performance.now(), state)
      // The sequence that clears the rest stands last, so that nothing flickers.
      stream.write(`\r${progressLine(state, rate, (stream.columns ?? 80) - 1)}\u001b[0K`)
    },
    end() {
      if (phase !== undefined) stream.write(`${clear}${stop}`)
      phase = undefined
    },
  }
}

/** A new line is written after so long: at once for a new phase, else where a wave or wait is new, else for a new count. */
const newWaveMs = 1000
const newCountMs = 5000

function lineDisplay(stream: DisplayStream): Display {
  const rateOf = createRateMeter()
  let last = { phase: '', step: '', line: '', atMs: -Infinity }
  return {
    show(state) {
      const nowMs = performance.now()
      const rate = rateOf(nowMs, state)
      const step = JSON.stringify([state.wave, state.waitingFor])
      const pauseMs = state.phase !== last.phase ? 0 : step === last.step ? newCountMs : newWaveMs
      if (nowMs - last.atMs < pauseMs) return
      const line = progressSentence(state, rate)
      if (line !== last.line) stream.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`)
      last = { phase: state.phase, step, line, atMs: nowMs }
    },
    end: () => {},
  }
}

/** One line about a running restore, at most `width` characters: the most important parts, and the others as far as they fit. */
export function progressLine(state: RestoreState, rate: Rate, width: number): string {
  const waiting = waitingOf(state)
  const left = waiting === undefined ? timeLeftOf(rate) : undefined
  const head = [shortPhase(state, width), waveOf(state), percentOf(state)]
  const counts = state.itemsTotal === 0 ? undefined : `${state.itemsDone}/${state.itemsTotal}`
  const tail = [waiting, left, counts, rateOf(state, rate), state.groupResource, problemsOf(state)]
  let line = head.filter((part) => part !== undefined).join(' ')
  for (const part of tail) {
    if (part !== undefined && line.length + 2 + part.length <= width) line += `  ${part}`
    else if (part === waiting && part !== undefined && width - line.length > 14) line = cut(`${line}  ${part}`, width)
  }
  const room = Math.min(width - line.length - 2, barCharactersMax)
  if (room < barCharactersMin || state.itemsTotal === 0) return cut(line, width)
  return `${barOf(state, room)} ${line}`
}

/** The same as one sentence, for logs and pipes. */
export function progressSentence(state: RestoreState, rate: Rate): string {
  const items = state.itemsTotal === 0 ? undefined : `${state.itemsDone} of ${state.itemsTotal} items`
  const wave = state.wave === undefined ? undefined : [waveOf(state), state.groupResource].filter(Boolean).join(' ')
  return [state.phase, wave, items, rateOf(state, rate), timeLeftOf(rate), problemsOf(state), waitingOf(state)]
    .filter((part) => part !== undefined)
    .join(', ')
}

/** A span of time in words: `8 s`, `3 min`, `1 h 05 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

const barCharactersMin = 6
const barCharactersMax = 30

/** On a narrow terminal the bar shows that a restore is InProgress, and the long phases are abbreviated. */
function shortPhase({ phase, itemsTotal }: RestoreState, width: number): string | undefined {
  if (width < 60 && itemsTotal > 0 && phase === 'InProgress') return undefined
  return width >= 80 ? phase : phase.replace('WaitingForPluginOperations', 'Waiting').replace('PartiallyFailed', '!')
}

function waveOf({ wave, waves }: RestoreState): string | undefined {
  return wave === undefined || waves === undefined || waves === 0 ? undefined : `wave ${wave}/${waves}`
}

function percentOf({ itemsDone, itemsTotal }: RestoreState): string | undefined {
  return itemsTotal === 0 ? undefined : `${Math.floor((100 * itemsDone) / itemsTotal)}%`
}

function rateOf({ over }: RestoreState, { itemsPerSecond }: Rate): string | undefined {
  if (itemsPerSecond === 0 || over) return undefined
  return `${itemsPerSecond >= 10 ? Math.round(itemsPerSecond) : itemsPerSecond.toFixed(1)}/s`
}

function timeLeftOf({ secondsLeft }: Rate): string | undefined {
  return secondsLeft === undefined ? undefined : `${formatSeconds(secondsLeft)} left`
}

function waitingOf({ waitingFor }: RestoreState): string | undefined {
  return waitingFor === undefined ? undefined : `waiting: ${waitingFor}`
}

function problemsOf({ errors, warnings }: RestoreState): string | undefined {
  const parts = [errors === 0 ? '' : `${errors} errors`, warnings === 0 ? '' : `${warnings} warnings`].filter(Boolean)
  return parts.length === 0 ? undefined : parts.join(', ')
}

function barOf({ itemsDone, itemsTotal }: RestoreState, characters: number): string {
  const full = Math.floor((characters * Math.min(itemsDone, itemsTotal)) / itemsTotal)
  return `${'█'.repeat(full)}${'░'.repeat(characters - full)}`
}

function cut(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`
}
