import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRunning, markProcess, type ProcessMark } from '../../../devstack/processes/process-mark.ts'

/**
 * Takes a place of a pool for this process and returns its folder, which may not exist yet: one that its last user has left, or
 * whose last user has ended, or else a new one. A user that has given its cluster back is about to leave, so it is waited for.
 */
export async function takePlace(pool: string): Promise<string> {
  for (let left = looks; ; left--) {
    const places = readdirSync(pool).flatMap((name) =>
      name.endsWith(userEnding) ? [join(pool, name.slice(0, -userEnding.length))] : [],
    )
    const free = places.find(take)
    if (free !== undefined) return free
    if (left === 0 || !places.some((dir) => existsSync(noteOf(dir)))) return newPlace(pool)
    await sleep(lookMs)
  }
}

const [looks, lookMs] = [20, 100]

function newPlace(pool: string): string {
  for (let place = 0; ; place++) if (take(join(pool, String(place)))) return join(pool, String(place))
}

/** False where somebody uses the place, or looks at it in this moment. */
function take(dir: string): boolean {
  if (!takeDoor(dir)) return false
  const isFree = !isUsed(dir)
  if (isFree) writeFileSync(dir + userEnding, JSON.stringify(markProcess(process.pid)))
  rmdirSync(`${dir}.door`)
  return isFree
}

/** Leaves a place that this process has taken. */
export function leavePlace(dir: string): void {
  writeFileSync(dir + userEnding, nobody)
}

/** Only one process gets in; false for all others. */
export function takeDoor(dir: string): boolean {
  try {
    mkdirSync(`${dir}.door`)
    return true
  } catch {
    return false
  }
}

function isUsed(dir: string): boolean {
  const user = existsSync(dir + userEnding) ? readFileSync(dir + userEnding, 'utf8') : nobody
  return user !== nobody && isRunning(JSON.parse(user) as ProcessMark)
}

const nobody = ''
const userEnding = '.user'
/** Where the cluster of a place is described, from when it was given back until it is lent again. */
export const noteOf = (dir: string): string => `${dir}.json`
