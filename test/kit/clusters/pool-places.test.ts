import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { leavePlace, takePlace } from './pool-places.ts'

const aPool = (): string => mkdtempSync(join(tmpdir(), 'drydock-pool-'))

it('a place is taken again when its last user has ended, and not before', async () => {
  const pool = aPool()
  const [one, two] = [await takePlace(pool), await takePlace(pool)]
  expect(two).not.toBe(one)
  writeFileSync(`${one}.user`, JSON.stringify({ pid: process.pid, startedAt: 'a former process' }))
  expect(await takePlace(pool)).toBe(one)
})

it('a place that its user has left is taken again by the same process', async () => {
  const pool = aPool()
  const [one, two] = [await takePlace(pool), await takePlace(pool)]
  leavePlace(one)
  expect(await takePlace(pool)).toBe(one)
  expect(await takePlace(pool)).not.toBe(two)
})

it('who gives back is waited for until it has left', async () => {
  const pool = aPool()
  const place = await takePlace(pool)
  writeFileSync(`${place}.json`, '{}')
  const taking = takePlace(pool)
  leavePlace(place)
  expect(await taking).toBe(place)
})

it('those who come at once get places of their own', async () => {
  const pool = aPool()
  expect(new Set(await Promise.all([1, 2, 3].map(() => takePlace(pool)))).size).toBe(3)
})
