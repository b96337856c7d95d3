import { access, constants, mkdir, statfs } from 'node:fs/promises'

/** One thing that a worker needs, and how it is with it. */
export interface Check {
  name: string
  ok: boolean
  detail?: string
}

/** What readiness asks for. Each throws, in words, where it is not so. */
export type Checks = Readonly<Record<string, () => Promise<void> | void>>

const deadlineMs = 3000
const keptMs = 1000

/** Asks all checks side by side, each with a deadline; the answer is kept for a second, whoever asks how often. */
export function createHealth(checks: Checks): () => Promise<Check[]> {
  let kept: { at: number; answer: Promise<Check[]> } | undefined
  return () => {
    const now = performance.now()
    if (kept !== undefined && now - kept.at < keptMs) return kept.answer
    kept = { at: now, answer: Promise.all(Object.entries(checks).map(([name, check]) => ask(name, check))) }
    return kept.answer
  }
}

async function ask(name: string, check: Checks[string]): Promise<Check> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs / 1000} s`)), deadlineMs)
  })
  try {
    await Promise.race([check(), late])
    return { name, ok: true }
  } catch (thrown) {
    return { name, ok: false, detail: thrown instanceof Error ? thrown.message : String(thrown) }
  } finally {
    clearTimeout(timer)
  }
}

/** Fails unless archives can be put into the folder: it takes files, and the disk has that much room. */
export async function checkDisk(dir: string, freeBytesMin: number): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await access(dir, constants.R_OK | constants.W_OK | constants.X_OK)
  const { bavail, bsize } = await statfs(dir)
  const free = bavail * bsize
  if (free < freeBytesMin) throw new Error(`${dir} has room for ${mib(free)} MiB, less than ${mib(freeBytesMin)} MiB`)
}

function mib(bytes: number): number {
  return Math.floor(bytes / 1024 / 1024)
}
