import type { Outcome } from '../items/outcome.ts'

/** What many outcomes have in common: those of one kind and namespace that came to the same. */
interface Shape {
  /** The key up to the name. */
  keyStart: string
  action?: Outcome['action']
  listed?: { kind: string; nameStart: string }
  object?: Omit<NonNullable<Outcome['object']>, 'name' | 'uid'>
  hasVersion: boolean
}

/** Rows whose texts stand in one text. */
interface Segment {
  text: string
  ends: Uint32Array
}

const segmentRows = 256
const separator = '\0'

/**
 * Outcomes by their number, most of them as one short text each: name, uid and version. The rest of it they share with others.
 * An outcome that tells more, such as a message, is kept as JSON. As values they would take five times as much memory.
 */
export class OutcomeRows {
  length = 0
  readonly #segments: Segment[] = []
  /** The rows of the last segment, while it is not full. */
  #open: string[] = []
  /** By row: the number of its shape from 1, or 0 for JSON; then that of its time. */
  #shapeOf = new Uint32Array(segmentRows)
  #timeOf = new Uint32Array(segmentRows)
  readonly #shapes: Shape[] = []
  readonly #shapeNumbers = new Map<string, number>()
  readonly #times: string[] = []
  readonly #timeNumbers = new Map<string, number>()
  /** Rows that have become another outcome. */
  readonly #replaced = new Map<number, Outcome>()

  /** Adds an outcome, whose number is the length before. */
  push(outcome: Outcome): void {
    const row = this.length++
    if (row >= this.#shapeOf.length) {
      this.#shapeOf = twice(this.#shapeOf)
      this.#timeOf = twice(this.#timeOf)
    }
    const place = placeOfName(outcome.key)
    const name = outcome.key.slice(place)
    const isPlain = place > 0 && isPlainOutcome(outcome, name)
    this.#shapeOf[row] = isPlain ? this.#shapeNumber(outcome, name) : 0
    this.#timeOf[row] = this.#timeNumber(outcome.at)
    this.#open.push(isPlain ? [name, outcome.object?.uid, outcome.version].join(separator) : JSON.stringify(outcome))
    if (this.#open.length === segmentRows) this.#close()
  }

  at(row: number): Outcome {
    const replaced = this.#replaced.get(row)
    if (replaced !== undefined) return replaced
    const text = this.#textAt(row)
    const shape = this.#shapes[(this.#shapeOf[row] ?? 0) - 1]
    if (shape === undefined) return JSON.parse(text) as Outcome
    const [name = '', uid = '', version = ''] = text.split(separator)
    const { keyStart, action, listed, object, hasVersion } = shape
    return {
      key: keyStart + name,
      ...(action === undefined ? {} : { action }),
      ...(listed === undefined ? {} : { listed: { kind: listed.kind, name: listed.nameStart + name } }),
      ...(object === undefined ? {} : { object: { ...object, name, uid } }),
      ...(hasVersion ? { version } : {}),
      messages: [],
      at: this.timeAt(row),
    }
  }

  keyAt(row: number): string {
    const replaced = this.#replaced.get(row)
    if (replaced !== undefined) return replaced.key
    const text = this.#textAt(row)
    const shape = this.#shapes[(this.#shapeOf[row] ?? 0) - 1]
    if (shape === undefined) return (JSON.parse(text) as Outcome).key
    return shape.keyStart + text.slice(0, text.indexOf(separator))
  }

  timeAt(row: number): string {
    return this.#times[this.#timeOf[row] ?? 0] ?? ''
  }

  /** Puts another outcome in the place of one. */
  replace(row: number, outcome: Outcome): void {
    this.#replaced.set(row, outcome)
    this.#timeOf[row] = this.#timeNumber(outcome.at)
  }

  #textAt(row: number): string {
    const within = row % segmentRows
    const segment = this.#segments[Math.floor(row / segmentRows)]
    if (segment === undefined) return this.#open[within] ?? ''
    return segment.text.slice(segment.ends[within - 1] ?? 0, segment.ends[within])
  }

  #close(): void {
    let end = 0
    const ends = Uint32Array.from(this.#open, (text) => (end += text.length))
    this.#segments.push({ text: this.#open.join(''), ends })
    this.#open = []
  }

  #shapeNumber({ key, action, listed, object, version }: Outcome, name: string): number {
    const keyStart = key.slice(0, key.length - name.length)
    const nameStart = listed?.name.slice(0, listed.name.length - name.length)
    const { group, version: apiVersion, resource, namespace } = object ?? {}
    const ofObject = object === undefined ? '' : `${group} ${apiVersion} ${resource} ${namespace ?? '|'}`
    const ofList = listed === undefined ? '' : `${listed.kind} ${nameStart}`
    const text = [keyStart, action, ofList, ofObject, version === undefined ? '' : 'v'].join(separator)
    const known = this.#shapeNumbers.get(text)
    if (known !== undefined) return known
    const { name: _name, uid: _uid, ...shared } = object ?? {}
    const number = this.#shapes.push({
      keyStart,
      ...(action === undefined ? {} : { action }),
      ...(listed === undefined ? {} : { listed: { kind: listed.kind, nameStart: nameStart ?? '' } }),
      ...(object === undefined ? {} : { object: shared as NonNullable<Shape['object']> }),
      hasVersion: version !== undefined,
    })
    this.#shapeNumbers.set(text, number)
    return number
  }

  #timeNumber(time: string): number {
    const number = this.#timeNumbers.get(time) ?? this.#times.push(time) - 1
    this.#timeNumbers.set(time, number)
    return number
  }
}

function twice(from: Uint32Array): Uint32Array<ArrayBuffer> {
  const to = new Uint32Array(2 * from.length)
  to.set(from)
  return to
}

/** Where the name of an item begins in its key; 0 for the key of a step. */
function placeOfName(key: string): number {
  return key.indexOf('|', key.indexOf('|') + 1) + 1
}

const plainFields = new Set(['key', 'action', 'listed', 'object', 'version', 'messages', 'at'])
const objectFields = new Set(['group', 'version', 'resource', 'namespace', 'name', 'uid'])

/** Whether shape, name, uid, version and time say all of it. */
function isPlainOutcome(outcome: Outcome, name: string): boolean {
  const { listed, object, messages, version } = outcome
  for (const field in outcome) if (!plainFields.has(field)) return false
  for (const field in object) if (!objectFields.has(field)) return false
  if (messages.length > 0 || [name, object?.uid, version].some((text) => text?.includes(separator))) return false
  return (listed === undefined || listed.name.endsWith(name)) && (object === undefined || object.name === name)
}
