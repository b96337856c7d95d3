import type { SecretValue } from './evidence.ts'

/** Shorter values stand in texts by accident. */
export const bytesMin = 12

/** A value that was found: whose, written how, and at which byte. */
export interface Find {
  of: string
  form: string
  at: number
}

interface Needle {
  of: string
  form: string
  bytes: Buffer
}

const tableBits = 20

/**
 * All forms of all values, to be found in one pass over the bytes: as it is, as a JSON text, and in base64 at each of its three
 * places, of the value itself and of its base64, as it stands in a manifest.
 */
export class Needles {
  readonly values: number
  readonly #table = new Uint8Array(1 << tableBits)
  readonly #byStart = new Map<number, Needle[]>()

  constructor(values: readonly SecretValue[]) {
    const long = values.filter(({ value }) => value.length >= bytesMin)
    const one = new Map(long.map((each) => [each.value.toString('base64'), each]))
    this.values = one.size
    for (const { of, value } of one.values())
      for (const [form, bytes] of formsOf(value)) {
        const start = bytes.readInt32BE(0)
        this.#table[slotOf(start)] = 1
        const same = this.#byStart.get(start)
        if (same === undefined) this.#byStart.set(start, [{ of, form, bytes }])
        else same.push({ of, form, bytes })
      }
  }

  /** What is found in these bytes. */
  find(bytes: Buffer): Find[] {
    const found: Find[] = []
    let start = 0
    for (let end = 0; end < bytes.length; end++) {
      start = (start << 8) | (bytes[end] ?? 0)
      if (end < 3 || this.#table[slotOf(start)] === 0) continue
      const at = end - 3
      for (const needle of this.#byStart.get(start) ?? [])
        if (bytes.subarray(at, at + needle.bytes.length).equals(needle.bytes))
          found.push({ of: needle.of, form: needle.form, at })
    }
    return found
  }
}

const slotOf = (start: number): number => Math.imul(start, 0x9e3779b1) >>> (32 - tableBits)

function formsOf(value: Buffer): [string, Buffer][] {
  const base64 = Buffer.from(value.toString('base64').replace(/=+$/, ''))
  const json = Buffer.from(JSON.stringify(value.toString('utf8')).slice(1, -1))
  return [
    ['as it is', value],
    ...(json.equals(value) || json.includes('�') ? [] : ([['as a JSON text', json]] as [string, Buffer][])),
    ...inBase64(value).map((bytes): [string, Buffer] => ['in base64', bytes]),
    ...inBase64(base64).map((bytes): [string, Buffer] => ['in base64 twice', bytes]),
  ]
}

/** What does not depend on the bytes before and after it, for each place that the first byte may have in a group of three. */
function inBase64(value: Buffer): Buffer[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), value])
      .toString('base64')
      .replace(/=+$/, '')
    const first = Math.ceil((before * 8) / 6)
    const last = Math.floor(((before + value.length) * 8) / 6)
    return Buffer.from(text.slice(first, last))
  })
}
