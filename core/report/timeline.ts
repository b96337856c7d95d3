/** What an entry of a timeline tells of. */
export type TimelineKind = 'phase' | 'wave' | 'wait' | 'task' | 'pause'

/** One thing that happened to a restore, or took some time. */
export interface TimelineEntry {
  kind: TimelineKind
  /** A phase, a resource, or a reason, in at most 200 characters. */
  text: string
  /** Milliseconds since 1970. */
  atMs: number
  /** When it ended; absent where it goes on until the next entry of its kind, or until the end. */
  untilMs?: number
}

/** A timeline goes along with the input of activities and of the next run, which must stay small. */
const entriesMax = 120
const textMax = 200

/** Shorter waits are not told: a look at something takes about so long. */
const waitMsMin = 2_000

/** What happened to a restore, in order and bounded: of more entries the first ones and the latest ones are kept. */
export class Timeline {
  #entries: TimelineEntry[]

  constructor(entries: readonly TimelineEntry[] = []) {
    this.#entries = entries.map((entry) => ({ ...entry }))
  }

  /** Tells of something; the function that it returns says that it has ended. */
  mark(kind: TimelineKind, text: string, atMs: number): (untilMs: number) => void {
    const entry: TimelineEntry = { kind, text: text.slice(0, textMax), atMs }
    this.#entries.push(entry)
    if (this.#entries.length > entriesMax) this.#entries.splice(entriesMax / 2, 1)
    return (untilMs) => {
      entry.untilMs = untilMs
      if (kind === 'wait' && untilMs - atMs < waitMsMin) this.#entries = this.#entries.filter((one) => one !== entry)
    }
  }

  /** All entries, in order. */
  entries(): readonly TimelineEntry[] {
    return this.#entries.map((entry) => ({ ...entry }))
  }
}
