import { ArchiveError } from '../../core/port-errors.ts'

/** Reads a stream in small pieces, some of which may be given back. */
export interface PieceReader {
  /** Undefined at the end. */
  next(): Promise<Buffer | undefined>
  giveBack(rest: Buffer): void
  /** Exactly so many bytes; Go's error where the stream ends before. */
  exactly(count: number): Promise<Buffer>
}

/** What a piece inflates to is a thousand times as much at most, which bounds the memory that a zip bomb can take. */
const pieceBytes = 16 * 1024

/** Cuts the chunks of a stream to pieces. */
export function readPieces(chunks: AsyncIterable<Buffer>): PieceReader {
  const iterator = chunks[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  const next = async (): Promise<Buffer | undefined> => {
    while (rest.length === 0) {
      const step = await iterator.next()
      if (step.done === true) return undefined
      rest = step.value
    }
    const piece = rest.subarray(0, pieceBytes)
    rest = rest.subarray(piece.length)
    return piece
  }
  const giveBack = (back: Buffer): void => {
    if (back.length > 0) rest = rest.length === 0 ? back : Buffer.concat([back, rest])
  }
  return {
    next,
    giveBack,
    exactly: async (count) => {
      const parts: Buffer[] = []
      for (let missing = count; missing > 0;) {
        const piece = await next()
        if (piece === undefined) throw new ArchiveError('truncated', 'unexpected EOF')
        parts.push(piece.subarray(0, missing))
        giveBack(piece.subarray(missing))
        missing -= Math.min(missing, piece.length)
      }
      return Buffer.concat(parts)
    },
  }
}
