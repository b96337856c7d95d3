import { ArchiveError } from '../../core/port-errors.ts'

/**
 * Hands on a tar stream up to its end mark, two blocks of zeros where a header is due, and reads the rest without
 * handing it on: Go, and so Velero, stops there, whatever follows (padding, garbage, a second archive). Of the rest
 * only a checksum that tells of damaged data counts.
 */
export async function* untilArchiveEnd(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const finder = new EndFinder()
  try {
    for await (const chunk of chunks) {
      if (finder.hasEnded) continue
      const taken = finder.take(chunk)
      yield chunk.subarray(0, taken)
    }
  } catch (error) {
    if (!finder.hasEnded || !isHarmlessAfterEnd(error)) throw error
  }
}

const blockBytes = 512

/** Follows the headers of a tar stream just far enough to know where one is due. */
class EndFinder {
  hasEnded = false
  #isLost = false
  #skipBytes = 0
  #zeroBlocks = 0
  #partial: Buffer[] = []
  #partialBytes = 0

  /** How many bytes of the chunk belong to the archive. */
  take(chunk: Buffer): number {
    let offset = 0
    while (offset < chunk.length && !this.hasEnded && !this.#isLost) {
      if (this.#skipBytes > 0) {
        const skipped = Math.min(this.#skipBytes, chunk.length - offset)
        this.#skipBytes -= skipped
        offset += skipped
        continue
      }
      const part = chunk.subarray(offset, offset + blockBytes - this.#partialBytes)
      offset += part.length
      this.#partial.push(part)
      this.#partialBytes += part.length
      if (this.#partialBytes < blockBytes) break
      this.#readBlock(this.#partial.length === 1 ? part : Buffer.concat(this.#partial))
      this.#partial = []
      this.#partialBytes = 0
    }
    return this.hasEnded ? offset : chunk.length
  }

  #readBlock(block: Buffer): void {
    if (block.every((byte) => byte === 0)) {
      this.#zeroBlocks++
      this.hasEnded = this.#zeroBlocks === 2
      return
    }
    if (this.#zeroBlocks > 0) throw new ArchiveError('not-gzip', 'archive/tar: invalid tar header')
    const sizeBytes = bodyBytes(block)
    if (sizeBytes === undefined) this.#isLost = true
    else this.#skipBytes = Math.ceil(sizeBytes / blockBytes) * blockBytes
  }
}

/** Undefined where the header is none; the tar reader proper then says so. */
function bodyBytes(header: Buffer): number | undefined {
  const type = String.fromCharCode(header[156] ?? 0)
  if ('123456'.includes(type)) return 0
  const field = header.subarray(124, 136)
  if (((field[0] ?? 0) & 0x80) !== 0) return Number(field.readBigUInt64BE(4))
  const digits = field.toString('latin1').replace(/^[ \0]+|[ \0].*$/g, '')
  return /^[0-7]*$/.test(digits) ? Number.parseInt(`0${digits}`, 8) : undefined
}

function isHarmlessAfterEnd(error: unknown): boolean {
  return error instanceof ArchiveError && error.kind !== 'too-big' && error.message !== 'gzip: invalid checksum'
}
