import { promisify } from 'node:util'
import { createGzip, gzip } from 'node:zlib'
import type { Steps } from '../../core/values/slices.ts'

/** So long a computation holds the event loop: heartbeats, the Lease and other restores get their turn in between. */
const sliceMs = 20

/** Characters that are handed to the compression at once. */
const batchLength = 64 * 1024

/** The clock of the slices. Simulated restores have one that stands still: with real time no run would take the same steps again. */
export const sliceClock = { now: () => performance.now() }

const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve))

/** Runs a long computation in slices of time. With a signal it ends between two slices, with the signal's reason. */
export async function inSlices<T>(steps: Steps<T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    const until = sliceClock.now() + sliceMs
    do {
      const step = steps.next()
      if (step.done === true) return step.value
    } while (sliceClock.now() < until)
    await nextTurn()
    signal?.throwIfAborted()
  }
}

/** Waits for the next turn of the event loop where the last one began 20 ms ago; else it returns nothing to wait for. */
export function pauses(signal?: AbortSignal): () => Promise<void> | undefined {
  let until = sliceClock.now() + sliceMs
  const pause = async () => {
    await nextTurn()
    signal?.throwIfAborted()
    until = sliceClock.now() + sliceMs
  }
  return () => (sliceClock.now() < until ? undefined : pause())
}

/** The bytes of a text that is made in pieces, with pauses. */
export async function bytesOf(pieces: Iterable<string>, signal?: AbortSignal): Promise<Buffer> {
  const pause = pauses(signal)
  const made: Buffer[] = []
  for (const piece of pieces) {
    made.push(Buffer.from(piece))
    const turn = pause()
    if (turn !== undefined) await turn
  }
  return Buffer.concat(made)
}

const deflate = promisify(gzip)

/** Compresses a text that is made in pieces: a large one is never in memory as a whole. */
export async function gzipOf(pieces: Iterable<string>, level = -1): Promise<Buffer> {
  const pause = pauses()
  let stream: ReturnType<typeof openGzip> | undefined
  let batch: string[] = []
  let length = 0
  for (const piece of pieces) {
    batch.push(piece)
    length += piece.length
    if (length >= batchLength) {
      stream ??= openGzip(level)
      await stream.write(batch.join(''))
      batch = []
      length = 0
    }
    const turn = pause()
    if (turn !== undefined) await turn
  }
  const last = batch.join('')
  return stream === undefined ? deflate(last, { level }) : stream.end(last)
}

function openGzip(level: number) {
  const stream = createGzip({ level })
  const compressed: Buffer[] = []
  stream.on('data', (bytes: Buffer) => compressed.push(bytes))
  const over = new Promise<void>((resolve, reject) => void stream.once('end', resolve).once('error', reject))
  // What it says comes with the next write, or with the end.
  over.catch(() => {})
  const drained = () => new Promise<void>((resolve) => void stream.once('drain', resolve))
  return {
    async write(text: string): Promise<void> {
      if (!stream.write(text)) await Promise.race([over, drained()])
    },
    async end(text: string): Promise<Buffer> {
      stream.end(text)
      await over
      return Buffer.concat(compressed)
    },
  }
}
