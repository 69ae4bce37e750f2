import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Oracle } from '../../src/stream/oracle.js'

it('L2: timestamps are whole and strictly increasing, whatever the clock says', () => {
  const clock = fc.oneof(
    fc.integer(),
    fc.double(),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 1.5),
  )
  fc.assert(
    fc.property(fc.array(clock), readings => {
      let now = 0
      const oracle = new Oracle(() => now)
      let last = oracle.last
      for (const reading of readings) {
        now = reading
        const timestamp = oracle.next()
        expect(timestamp).toBeGreaterThan(last)
        expect(Number.isSafeInteger(timestamp)).toBe(true)
        expect(oracle.now()).toBeGreaterThanOrEqual(timestamp)
        last = timestamp
      }
    }),
  )
})

it('timestamps follow a clock that goes forward', () => {
  let now = 1000.9
  const oracle = new Oracle(() => now)
  expect(oracle.next()).toBe(1000)
  now = 5000
  expect(oracle.next()).toBe(5000)
})

it('a wanted time is given out exactly when it has come, the earliest first, and never afterwards', () => {
  let now = 1000
  const oracle = new Oracle(() => now)
  expect(oracle.next([2000])).toBe(1000)
  now = 5000
  expect(oracle.next([3000, 2000])).toBe(2000)
  expect(oracle.next([3000, 2000])).toBe(3000)
  expect(oracle.next([3000, 2000])).toBe(5000)
})

it('no timestamp is from before the start, also if one is wanted', () => {
  const oracle = new Oracle(() => 1000)
  expect(oracle.last).toBe(999)
  expect(oracle.next([500])).toBe(1000)
})
