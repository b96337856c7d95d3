import { describe, expect, it } from 'vitest'
import { afterItem, fullFlight } from '../../../core/items/items-in-flight.ts'
import type { ItemsInFlight } from '../../../core/items/items-in-flight.ts'

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
