import { Timeline } from '../../core/report/timeline.ts'
import type { TimelineEntry, TimelineKind } from '../../core/report/timeline.ts'

/** The timeline of a running restore: each kind that goes on until the next one of its kind is ended by it. */
export class Happenings {
  readonly #timeline: Timeline
  readonly #going = new Map<TimelineKind, { text: string; end: (untilMs: number) => void }>()

  constructor(entries: readonly TimelineEntry[] = []) {
    this.#timeline = new Timeline(entries)
  }

  /** Something happens; the function that it returns ends it. */
  begin(kind: TimelineKind, text: string): () => void {
    const end = this.#timeline.mark(kind, text, Date.now())
    return () => end(Date.now())
  }

  /** Something goes on from now until it changes; undefined ends it. */
  change(kind: TimelineKind, text: string | undefined): void {
    const now = this.#going.get(kind)
    if (now?.text === text) return
    now?.end(Date.now())
    this.#going.delete(kind)
    if (text !== undefined) this.#going.set(kind, { text, end: this.#timeline.mark(kind, text, Date.now()) })
  }

  /** All entries, in order. */
  entries(): readonly TimelineEntry[] {
    return this.#timeline.entries()
  }
}
