import type { Pace } from './pace.ts'
import type { RestoreState } from '../api/restore-state.ts'

/** One line about a running restore that fits the width: what matters most comes first, and the rest where there is room. */
export function progressLine(state: RestoreState, pace: Pace, width: number): string {
  const left = state.waitingFor === undefined ? timeLeft(pace) : undefined
  const waiting = state.waitingFor === undefined ? undefined : `waiting: ${state.waitingFor}`
  const head = [shortPhase(state, width), waveOf(state), percent(state)]
  const counts = state.itemsTotal === 0 ? undefined : `${state.itemsDone}/${state.itemsTotal}`
  const tail = [waiting, left, counts, rate(state, pace), state.groupResource, troubleOf(state)]
  let line = head.filter((part) => part !== undefined).join(' ')
  for (const part of tail) {
    if (part !== undefined && line.length + 2 + part.length <= width) line += `  ${part}`
    else if (part === waiting && part !== undefined && width - line.length > 14) line = cut(`${line}  ${part}`, width)
  }
  const room = Math.min(width - line.length - 2, barCharactersMax)
  if (room < barCharactersMin || state.itemsTotal === 0) return cut(line, width)
  return `${bar(state, room)} ${line}`
}

/** The same as a sentence, for logs and pipes. */
export function progressSentence(state: RestoreState, pace: Pace): string {
  const items = state.itemsTotal === 0 ? undefined : `${state.itemsDone} of ${state.itemsTotal} items`
  const wave = state.wave === undefined ? undefined : [waveOf(state), state.groupResource].filter(Boolean).join(' ')
  const waiting = state.waitingFor === undefined ? undefined : `waiting: ${state.waitingFor}`
  return [state.phase, wave, items, rate(state, pace), timeLeft(pace), troubleOf(state), waiting]
    .filter((part) => part !== undefined)
    .join(', ')
}

const barCharactersMin = 6
const barCharactersMax = 30

/** The longest phases do not fit a narrow terminal beside anything else, and a bar that moves says that it is in progress. */
function shortPhase({ phase, itemsTotal }: RestoreState, width: number): string | undefined {
  if (width < 60 && itemsTotal > 0 && phase === 'InProgress') return undefined
  return width >= 80 ? phase : phase.replace('WaitingForPluginOperations', 'Waiting').replace('PartiallyFailed', '!')
}

function waveOf({ wave, waves }: RestoreState): string | undefined {
  return wave === undefined || waves === undefined || waves === 0 ? undefined : `wave ${wave}/${waves}`
}

function percent({ itemsDone, itemsTotal }: RestoreState): string | undefined {
  return itemsTotal === 0 ? undefined : `${Math.floor((100 * itemsDone) / itemsTotal)}%`
}

function rate(state: RestoreState, { itemsPerSecond }: Pace): string | undefined {
  if (itemsPerSecond === 0 || state.over) return undefined
  return `${itemsPerSecond >= 10 ? Math.round(itemsPerSecond) : itemsPerSecond.toFixed(1)}/s`
}

function timeLeft({ secondsLeft }: Pace): string | undefined {
  return secondsLeft === undefined ? undefined : `${inWords(secondsLeft)} left`
}

function troubleOf({ errors, warnings }: RestoreState): string | undefined {
  const parts = [errors === 0 ? '' : `${errors} errors`, warnings === 0 ? '' : `${warnings} warnings`].filter(Boolean)
  return parts.length === 0 ? undefined : parts.join(', ')
}

function bar({ itemsDone, itemsTotal }: RestoreState, characters: number): string {
  const full = Math.floor((characters * Math.min(itemsDone, itemsTotal)) / itemsTotal)
  return `${'█'.repeat(full)}${'░'.repeat(characters - full)}`
}

function cut(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`
}

/** A span of time as people say it: `8 s`, `3 min`, `1 h 05 min`. */
export function inWords(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}
