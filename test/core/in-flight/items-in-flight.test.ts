import { describe, expect, it } from 'vitest'
import { afterItem, afterLook, fullFlight } from '../../../core/in-flight/items-in-flight.ts'
import type { ItemsInFlight } from '../../../core/in-flight/items-in-flight.ts'

/** The flight after so many items, at one moment. */
function after(flight: ItemsInFlight, count: number, isOverload: boolean, nowMs = 0): ItemsInFlight {
  let now = flight
  for (let item = 0; item < count; item++) now = afterItem(now, { isOverload, nowMs })
  return now
}

describe('the number of items in flight', () => {
  it('is that of the setting as long as the server takes them', () => {
    expect(after(fullFlight(32), 1000, false).limit).toBe(32)
  })

  it('is halved by a refusal because of load, once for all that were under way', () => {
    expect(after(fullFlight(32), 20, true, 5_000).limit).toBe(16)
    expect(after(after(fullFlight(32), 20, true, 5_000), 20, true, 5_999).limit).toBe(16)
    expect(after(after(fullFlight(32), 20, true, 5_000), 20, true, 6_000).limit).toBe(8)
  })

  it('never falls below one', () => {
    let flight = fullFlight(3)
    for (let second = 0; second < 10; second++) flight = after(flight, 1, true, second * 1_000)
    expect(flight.limit).toBe(1)
  })

  it('grows by one after as many items as it is, and ends at the setting', () => {
    const low = after(fullFlight(32), 1, true)
    expect(after(low, 15, false).limit).toBe(16)
    expect(after(low, 16, false).limit).toBe(17)
    expect(after(low, 16 + 17, false).limit).toBe(18)
    expect(after(low, 10_000, false).limit).toBe(32)
  })

  it('grows only by items that were taken one after the other', () => {
    const low = after(fullFlight(32), 1, true, 0)
    const broken = after(after(low, 10, false, 100), 1, true, 200)
    expect(after(broken, 15, false, 300).limit).toBe(16)
  })
})

/** An API server that serves so many items a second; a read waits behind the items that are with it. */
interface Server {
  itemsPerSecond: number
  /** What a read takes where nobody else asks. */
  floorMs: number
}

/** Simulated seconds with reads every half second. Returns the flight, and the items that the server served. */
function run(from: ItemsInFlight, seconds: number, server: Server, beganMs = 0) {
  let [flight, items] = [from, 0]
  for (let nowMs = beganMs; nowMs < beganMs + seconds * 1000; nowMs += 500) {
    const waitMs = (flight.limit / server.itemsPerSecond) * 1000
    flight = afterLook(flight, { ms: Math.max(server.floorMs, waitMs), nowMs })
    // So many are served in half a second, and with few in flight only as many as get their answers.
    const served = Math.min(server.itemsPerSecond / 2, (flight.limit * 500) / server.floorMs)
    for (let item = 0; item < served; item++) flight = afterItem(flight, { isOverload: false, nowMs })
    items += served
  }
  return { flight, items }
}

describe('the number of items in flight while others read', () => {
  const quiet = afterLook(fullFlight(1000), { ms: 4, nowMs: -1000 })

  it('comes down until a read is answered soon, and costs no speed', () => {
    const server = { itemsPerSecond: 400, floorMs: 4 }
    const { flight, items } = run(quiet, 60, server)
    expect(flight.limit).toBeGreaterThan(125)
    expect(flight.limit).toBeLessThan(400)
    expect(items).toBe(400 * 60)
  })

  it('stays where the server takes them all', () => {
    expect(run(quiet, 60, { itemsPerSecond: 10_000, floorMs: 4 }).flight.limit).toBe(1000)
  })

  it('stays with a server that is far away, however long each answer takes', () => {
    const far = afterLook(fullFlight(32), { ms: 400, nowMs: -1000 })
    expect(run(far, 60, { itemsPerSecond: 5_000, floorMs: 400 }).flight.limit).toBe(32)
  })

  it('comes down when a server becomes slow, and returns when it is quick again', () => {
    const first = afterLook(fullFlight(32), { ms: 4, nowMs: -1000 })
    const slow = run(first, 30, { itemsPerSecond: 10, floorMs: 4 }, 0).flight
    expect(slow.limit).toBe(4)
    expect(run(slow, 60, { itemsPerSecond: 400, floorMs: 4 }, 30_000).flight.limit).toBe(32)
  })

  it('is not changed by a single slow read, nor by reads without an answer before the first one', () => {
    const first = afterLook(fullFlight(32), { ms: 4, nowMs: 0 })
    const once = afterLook(afterLook(first, { ms: 5_000, nowMs: 500 }), { ms: 4, nowMs: 1_000 })
    expect(afterLook(once, { ms: 5_000, nowMs: 1_500 }).limit).toBe(32)
    expect(afterLook(afterLook(fullFlight(32), { ms: Infinity, nowMs: 0 }), { ms: Infinity, nowMs: 500 }).limit).toBe(
      32,
    )
  })

  it('takes what others make slow for usual after a while', () => {
    let flight = afterLook(fullFlight(8), { ms: 100, nowMs: 0 })
    for (let read = 1; read <= 200; read++) flight = afterLook(flight, { ms: 1_000, nowMs: read * 500 })
    expect(flight.limit).toBe(1)
    for (let item = 0; item < 100; item++) flight = afterItem(flight, { isOverload: false, nowMs: 200_000 })
    flight = afterLook(flight, { ms: 1_000, nowMs: 200_500 })
    for (let item = 0; item < 100; item++) flight = afterItem(flight, { isOverload: false, nowMs: 201_000 })
    expect(flight.limit).toBe(8)
  })
})
