import { damaged } from './archive-failure.ts'

/** Reads a stream of bytes in the amounts that are asked for, whatever the sizes of its chunks. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** The next bytes, at least one and at most `max`; undefined at the end of the stream. */
  async some(max: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const step = await this.#chunks.next()
      if (step.done === true) return undefined
      this.#rest = step.value
    }
    const bytes = this.#rest.subarray(0, max)
    this.#rest = this.#rest.subarray(bytes.length)
    return bytes
  }

  /** Exactly so many bytes; undefined where the stream ends before the first. Throws Go's error where it ends later. */
  async exactly(count: number): Promise<Buffer | undefined> {
    let bytes = await this.some(count)
    while (bytes !== undefined && bytes.length < count) {
      const more = await this.some(count - bytes.length)
      if (more === undefined) throw damaged('unexpected EOF')
      bytes = Buffer.concat([bytes, more])
    }
    return bytes
  }

  /** Puts the bytes that were read last back in front of the rest. */
  giveBack(bytes: Buffer): void {
    if (bytes.length > 0) this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([bytes, this.#rest])
  }
}
