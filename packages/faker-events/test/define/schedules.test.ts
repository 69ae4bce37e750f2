import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bursts, past, phases, type Schedule, steady } from '../../src/index.js'
import { Random } from '../../src/random.js'

function times(schedule: Schedule, count: number): number[] {
  const random = Random.of(3)
  const all = Math.min(count, schedule.count)
  return Array.from({ length: all }, (_, index) => schedule.atMs(index, random.at(index)))
}

const jitter = fc.constantFrom(0, 0.3, 1)
const anySchedule = fc.oneof(
  fc.record({ events: fc.integer({ min: 1, max: 50 }), spanMs: fc.integer({ min: 1, max: 9000 }) }).map(past),
  fc.record({ perSecond: fc.constantFrom(0.3, 1, 7, 333.3, 5000), jitter }).map(steady),
  fc
    .record({
      events: fc.integer({ min: 1, max: 9 }),
      firstMs: fc.nat(500),
      everyMs: fc.integer({ min: 1, max: 900 }),
    })
    .map(bursts),
  fc
    .record({
      phases: fc.array(
        fc.record({ forMs: fc.integer({ min: 1, max: 3000 }), perSecond: fc.constantFrom(0, 0.5, 3, 77.7) }),
        {
          minLength: 1,
          maxLength: 5,
        },
      ),
      jitter,
    })
    .map(phases),
)

describe('a schedule', () => {
  test('gives whole milliseconds that never decrease, by index and nothing else', () => {
    fc.assert(
      fc.property(anySchedule, schedule => {
        const all = times(schedule, 200)
        expect(all).toEqual(all.map(Math.floor).sort((one, other) => one - other))
        expect(times(schedule, 200)).toEqual(all)
      }),
    )
  })

  test('in phases has the rate of each, a gap where it is 0, and starts again after the last', () => {
    const schedule = phases({
      phases: [
        { forMs: 10_000, perSecond: 2 },
        { forMs: 5000, perSecond: 0 },
        { forMs: 1000, perSecond: 30 },
      ],
      rounds: 3,
      jitter: 1,
    })
    expect(schedule.count).toBe(150)
    const all = times(schedule, 1000)
    const within = (from: number, to: number): number => all.filter(ms => ms >= from && ms < to).length
    for (const round of [0, 16_000, 32_000]) {
      for (let second = 0; second < 10; second++)
        expect(within(round + second * 1000, round + (second + 1) * 1000)).toBe(2)
      expect(within(round + 10_000, round + 15_000)).toBe(0)
      expect(within(round + 15_000, round + 16_000)).toBe(30)
    }
  })

  test('in phases without any event is empty', () => {
    expect(phases({ phases: [{ forMs: 100, perSecond: 1 }] }).count).toBe(0)
  })

  test.each([
    () => steady({ perSecond: -1 }),
    () => steady({ perSecond: 1, jitter: 2 }),
    () => past({ events: 1, spanMs: 0 }),
    () => bursts({ events: 1, everyMs: 0 }),
    () => bursts({ events: 1, everyMs: 1, bursts: 0.5 }),
    () => phases({ phases: [] }),
    () => phases({ phases: [{ forMs: 0, perSecond: 1 }] }),
  ])('refuses what it cannot do (%#)', make => {
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})
