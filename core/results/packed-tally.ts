import type { Outcome } from '../items/outcome.ts'
import { addToList } from '../values/add-to-list.ts'
import { forEachInSteps, sortInSteps } from '../values/slices.ts'
import type { Steps } from '../values/slices.ts'
import { OutcomeRows } from './outcome-rows.ts'
import { isListed, mergeOutcomes } from './tally.ts'
import type { Tally } from './tally.ts'

/** A slot for each row twice over, so that few rows meet. */
const slotsAtFirst = 1024

/**
 * A tally of a large restore. It holds what a `Map` of outcomes would, in a fifth of the memory; an outcome is made anew each time it
 * is asked for. Outcomes are merged as in every tally.
 */
export class PackedTally implements Tally {
  readonly #rows = new OutcomeRows()
  /** The number of a row from 1 at the place that its key's hash gives it, or the next free one; and those hashes. */
  #slots = new Uint32Array(slotsAtFirst)
  #hashes = new Uint32Array(slotsAtFirst)

  constructor(outcomes: Iterable<Outcome> = []) {
    for (const outcome of outcomes) this.add(outcome)
  }

  get size(): number {
    return this.#rows.length
  }

  /** Adds an outcome, or merges it with the one of the same key. */
  add(outcome: Outcome): void {
    const hash = hashOf(outcome.key)
    const slot = this.#slotOf(outcome.key, hash)
    const row = (this.#slots[slot] ?? 0) - 1
    if (row >= 0) {
      const known = this.#rows.at(row)
      if (mergeOutcomes(known, outcome) === outcome) this.#rows.replace(row, outcome)
      return
    }
    this.#rows.push(outcome)
    this.#slots[slot] = this.#rows.length
    this.#hashes[slot] = hash
    if (this.#rows.length * 2 > this.#slots.length) this.#spread()
  }

  get(key: string): Outcome | undefined {
    const row = this.#rowOf(key)
    return row < 0 ? undefined : this.#rows.at(row)
  }

  has(key: string): boolean {
    return this.#rowOf(key) >= 0
  }

  *keys(): Generator<string, undefined> {
    for (let row = 0; row < this.#rows.length; row++) yield this.#rows.keyAt(row)
    return undefined
  }

  *values(): Generator<Outcome, undefined> {
    for (let row = 0; row < this.#rows.length; row++) yield this.#rows.at(row)
    return undefined
  }

  *entries(): Generator<[string, Outcome], undefined> {
    for (const outcome of this.values()) yield [outcome.key, outcome]
    return undefined
  }

  [Symbol.iterator](): Generator<[string, Outcome], undefined> {
    return this.entries()
  }

  forEach(work: (outcome: Outcome, key: string, tally: Tally) => void): void {
    for (const [key, outcome] of this) work(outcome, key, this)
  }

  /** The outcome of a row. */
  at(row: number): Outcome {
    return this.#rows.at(row)
  }

  /** The rows that stand in the resource list, by kind. */
  *listedRowsInSteps(): Steps<Map<string, number[]>> {
    const byKind = new Map<string, number[]>()
    yield* forEachInSteps(this.values(), (outcome, row) => {
      if (isListed(outcome)) addToList(byKind, outcome.listed.kind, row)
    })
    return byKind
  }

  /** The outcomes sorted by time, then by key, without all of them in memory at once. */
  *byTimeInSteps(): Steps<Iterable<Outcome>> {
    const rows = this.#rows
    const byTime = new Map<string, number[]>()
    for (let row = 0; row < rows.length; row++) {
      addToList(byTime, rows.timeAt(row), row)
      if (row % 1024 === 0) yield
    }
    const sorted = new Uint32Array(rows.length)
    let at = 0
    for (const time of [...byTime.keys()].sort()) {
      const keyed: { row: number; key: string }[] = []
      yield* forEachInSteps(byTime.get(time) ?? [], (row) => void keyed.push({ row, key: rows.keyAt(row) }))
      byTime.delete(time)
      const inOrder = yield* sortInSteps(keyed, (a, b) => (a.key < b.key ? -1 : 1))
      yield* forEachInSteps(inOrder, ({ row }) => void (sorted[at++] = row))
    }
    return {
      *[Symbol.iterator]() {
        for (const row of sorted) yield rows.at(row)
      },
    }
  }

  #rowOf(key: string): number {
    return (this.#slots[this.#slotOf(key, hashOf(key))] ?? 0) - 1
  }

  /** The slot of a key, or the free one that it would get. */
  #slotOf(key: string, hash: number): number {
    const mask = this.#slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = (this.#slots[slot] ?? 0) - 1
      if (row < 0 || (this.#hashes[slot] === hash && this.#rows.keyAt(row) === key)) return slot
    }
  }

  #spread(): void {
    const [slots, hashes] = [this.#slots, this.#hashes]
    this.#slots = new Uint32Array(2 * slots.length)
    this.#hashes = new Uint32Array(2 * slots.length)
    const mask = this.#slots.length - 1
    for (const [from, number] of slots.entries()) {
      const hash = hashes[from] ?? 0
      let slot = hash & mask
      if (number === 0) continue
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
      this.#slots[slot] = number
      this.#hashes[slot] = hash
    }
  }
}

/** The outcomes of a tally sorted by time, then by key. */
export function* byTimeInSteps(tally: Tally): Steps<Iterable<Outcome>> {
  return yield* packedOf(tally).byTimeInSteps()
}

/** A tally whose outcomes have rows. */
export function packedOf(tally: Tally): PackedTally {
  return tally instanceof PackedTally ? tally : new PackedTally(tally.values())
}

/** FNV-1a, of 32 bits. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
