import fc from 'fast-check'
import { expect, it } from 'vitest'
import { delayMs } from '../../src/stream/pace.js'

const idle = { nowMs: 10_000, lastStartMs: 9_000, lastEndMs: 9_005 }

it('a write is looked at without delay', () => {
  expect(delayMs({ ...idle, urgent: true, temporal: false })).toBe(0)
})

it('a view that time changes is looked at each 100 ms', () => {
  const pace = { nowMs: 10_005, lastStartMs: 10_000, lastEndMs: 10_005, urgent: false }
  expect(delayMs({ ...pace, temporal: true })).toBe(95)
  expect(delayMs({ ...pace, temporal: false })).toBeGreaterThan(95)
})

it('evaluations take at most a quarter of the time, unless progress would be late', () => {
  const pace = fc.record({
    tookMs: fc.nat(2000),
    sinceMs: fc.nat(5000),
    urgent: fc.boolean(),
    temporal: fc.boolean(),
  })
  fc.assert(
    fc.property(pace, ({ tookMs, sinceMs, urgent, temporal }) => {
      const [lastStartMs, lastEndMs] = [1000, 1000 + tookMs]
      const nowMs = lastEndMs + sinceMs
      const delay = delayMs({ nowMs, lastStartMs, lastEndMs, urgent, temporal })
      expect(delay).toBeGreaterThanOrEqual(0)
      expect(sinceMs + delay).toBeGreaterThanOrEqual(Math.min(3 * tookMs, 500))
      expect(delay).toBeLessThanOrEqual(500)
    }),
  )
})
