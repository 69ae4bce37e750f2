import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type EventStream, events, type Scenario, scenarios, withFaults } from '../../src/index.js'
import { first, origin } from '../support/story.js'

/** A scenario whose streams have events at given times after the origin. */
function scripted(...times: readonly (readonly number[])[]): Scenario<string> {
  const streams = times.map((own, position): EventStream<string> => {
    const name = `s${position}`
    const at: EventStream<string>['at'] = (index, originMs) => ({
      stream: name,
      index,
      seed: 0,
      originMs,
      timestampMs: originMs + (own[index] ?? 0),
      topic: 't',
      key: 'k',
      value: `${name}.${index}`,
    })
    return { name, count: own.length, at }
  })
  return { name: 'scripted', seed: 0, streams }
}

const values = (scenario: Scenario<string>, to?: number): string[] =>
  [...events(scenario, to === undefined ? { from: 1000 } : { from: 1000, to })].map(({ value }) => value)

describe('the events of a scenario', () => {
  test('come in order of time, and of one time in the order of the streams', () => {
    expect(values(scripted([0, 5, 5], [5, 6], [0, 5]))).toEqual([
      's0.0',
      's2.0',
      's0.1',
      's0.2',
      's1.0',
      's2.1',
      's1.1',
    ])
  })

  test('are those of every stream, each once, sorted', () => {
    const times = fc.array(fc.nat(20)).map(all => all.sort((one, other) => one - other))
    fc.assert(
      fc.property(fc.array(times, { maxLength: 5 }), streams => {
        const merged = [...events(scripted(...streams), { from: 1000 })]
        const all = streams.flatMap((own, position) =>
          own.map((time, index) => ({ time: 1000 + time, position, value: `s${position}.${index}` })),
        )
        // Array.sort is stable, and the list is by stream and index already.
        all.sort((one, other) => one.time - other.time || one.position - other.position)
        expect(merged.map(({ value }) => value)).toEqual(all.map(({ value }) => value))
      }),
    )
  })

  test('end before `to`, and where the scenario ends', () => {
    expect(values(scripted([0, 5], [4]), 1005)).toEqual(['s0.0', 's1.0'])
    expect(values(scripted([-7, 0]), 1000)).toEqual(['s0.0'])
    expect(values(scripted())).toEqual([])
  })

  test('are made one at a time, so that a story without an end can be read', () => {
    expect(first(1000, events(scenarios.deployments(), { from: origin }))).toHaveLength(1000)
  })

  test('a shorter range is the beginning of a longer one', () => {
    const story = scenarios.deployments({ seed: 2, eventsPerSecond: 5 })
    const long = [...events(story, { from: origin, to: origin + 90_000 })]
    fc.assert(
      fc.property(fc.nat(90_000), spanMs => {
        const short = [...events(story, { from: origin, to: origin + spanMs })]
        expect(short).toEqual(long.slice(0, short.length))
        expect(long[short.length]?.timestampMs ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(
          origin + spanMs,
        )
      }),
      { numRuns: 30 },
    )
  })

  test('E1: what starts at a position goes on as if it had never stopped, wherever that is', () => {
    const range = { from: origin, to: origin + 130_000 }
    for (const story of [
      scenarios.deployments({ seed: 5 }),
      scenarios.orders({ seed: 5 }),
      withFaults(scenarios.deployments({ seed: 5 }), { late: 0.1, duplicated: 0.2, dropped: 0.1 }),
    ]) {
      const whole = [...events<unknown>(story, range)]
      fc.assert(
        fc.property(fc.nat(whole.length + 10), startAt => {
          expect([...events<unknown>(story, { ...range, startAt })]).toEqual(whole.slice(startAt))
        }),
        { numRuns: 50 },
      )
    }
  })

  test('E1: a position in streams with equal times is kept, too', () => {
    const times = fc.array(
      fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 6 }).map(all => all.sort((a, b) => a - b)),
      { maxLength: 4 },
    )
    fc.assert(
      fc.property(times, fc.nat(25), fc.nat(5), (all, startAt, from) => {
        const some = scripted(...all)
        expect([...events(some, { from, startAt })]).toEqual([...events(some, { from })].slice(startAt))
      }),
    )
  })

  test.each([
    [{ from: 5, startAt: -1 }, 'startAt'],
    [{ from: -1 }, 'from'],
    [{ from: 0.5 }, 'from'],
    [{ from: Number.NaN }, 'from'],
    [{ from: 5, to: 4 }, 'to'],
    [{ from: 5, to: 5.5 }, 'to'],
  ])('refuses a range that is none, before the first event: %o', (range, name) => {
    expect(() => events(scripted(), range)).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ name }) }),
    )
  })
})
