import { describe, expect, test } from 'vitest'
import {
  bursts,
  type Deployment,
  defineEvents,
  events,
  faultNames,
  type GeneratedEvent,
  lifecycle,
  type Scenario,
  scenarios,
  scheduled,
  withFaults,
} from '../../src/index.js'
import { digest, origin } from '../support/story.js'

const story = scenarios.deployments({ seed: 7, eventsPerSecond: 20 })
const parts = {
  late: 0.05,
  outOfOrder: 0.1,
  duplicated: 0.1,
  dropped: 0.1,
  malformed: 0.05,
  clockSkewed: 0.1,
}
const faulty = withFaults(story, parts)
const range = { from: origin, to: origin + 600_000 }
const clean = [...events(story, range)]
const all = [...events(faulty, range)]

function having(fault: string): readonly GeneratedEvent<Deployment>[] {
  return all.filter(({ headers }) => headers?.['fault'] === fault)
}
const idOf = ({ stream, index }: GeneratedEvent): string => `${stream} ${index}`
const cleanById = new Map(clean.map(event => [idOf(event), event]))
const arrives = ({ arrivesMs, timestampMs }: GeneratedEvent): number => arrivesMs ?? timestampMs

/** A scenario whose only stream is read, and ends. */
function counting(count: number): Scenario {
  return defineEvents({
    name: 'counting',
    streams: () => ({
      numbers: lifecycle({
        begins: bursts({ events: count, everyMs: 1, bursts: 1 }),
        initial: 'a',
        states: { a: {} },
        event: ({ instance }) => ({ key: String(instance), value: { instance } }),
      }),
    }),
  })
}

describe('a scenario with faults', () => {
  test('E3: has each fault as often as it was asked for, in a header, and at most one to an event', () => {
    const expected = {
      late: 0.05,
      'out-of-order': 0.1,
      duplicated: 0.1,
      malformed: 0.05,
      'clock-skewed': 0.1,
    }
    for (const [fault, part] of Object.entries(expected)) {
      // What is late in the last minutes comes after the end.
      expect(having(fault).length / clean.length).toBeGreaterThan(part * 0.75)
      expect(having(fault).length / clean.length).toBeLessThan(part * 1.15)
    }
    expect(having('dropped')).toEqual([])
    for (const { headers } of all)
      if (headers?.['fault'] !== undefined) expect(faultNames).toContain(headers['fault'])
  })

  test('E3: sends everything else as it would be without', () => {
    for (const event of all)
      if (event.headers?.['fault'] === undefined) {
        const { headers, ...bare } = event
        expect(bare).toEqual(cleanById.get(idOf(event)))
      }
  })

  test('comes in the order in which it is sent', () => {
    const times = all.map(arrives)
    expect(times).toEqual([...times].sort((one, other) => one - other))
  })

  test('what is late keeps its own times and is sent later', () => {
    for (const event of having('late')) {
      expect(event.value).toEqual(cleanById.get(idOf(event))?.value)
      expect(arrives(event) - event.timestampMs).toBeGreaterThanOrEqual(60_000)
      expect(arrives(event) - event.timestampMs).toBeLessThan(120_000)
    }
  })

  test('what is out of order is overtaken by others', () => {
    const overtaken = having('out-of-order').filter(event => {
      const position = all.indexOf(event)
      return all.slice(0, position).some(({ timestampMs }) => timestampMs > event.timestampMs)
    })
    expect(overtaken.length).toBeGreaterThan(having('out-of-order').length * 0.9)
  })

  test('what is duplicated comes twice, and the second copy says so', () => {
    for (const second of having('duplicated')) {
      const copies = all.filter(event => idOf(event) === idOf(second))
      expect(copies).toHaveLength(2)
      expect(copies[0]?.headers?.['fault']).toBeUndefined()
      expect(copies[0]?.value).toEqual(second.value)
    }
  })

  test('E3: what is dropped is counted in a header of the next event of its stream', () => {
    const rest = [...events(withFaults(story, { dropped: 0.2 }), range)]
    expect(rest.length / clean.length).toBeCloseTo(0.8, 1)
    const next = new Map<string, number>()
    for (const { stream, index, headers } of rest) {
      expect(Number(headers?.['dropped'] ?? 0)).toBe(index - (next.get(stream) ?? 0))
      next.set(stream, index + 1)
    }
  })

  test('what is malformed is no JSON, and keeps its key', () => {
    for (const { body = '', key, stream, index } of having('malformed')) {
      expect(() => JSON.parse(body)).toThrow(SyntaxError)
      expect(key).toBe(cleanById.get(`${stream} ${index}`)?.key)
    }
  })

  test('what has a wrong clock is sent in time, with times that are off', () => {
    for (const event of having('clock-skewed')) {
      const right = cleanById.get(idOf(event))
      expect(arrives(event)).toBe(right?.timestampMs)
      expect(event.value.event_ts).toBe(Math.floor(event.timestampMs / 1000))
      expect(Math.abs(event.timestampMs - (right?.timestampMs ?? 0))).toBeLessThanOrEqual(30_000)
    }
    expect(
      new Set(having('clock-skewed').map(event => event.timestampMs - arrives(event))).size,
    ).toBeGreaterThan(50)
  })

  test('E1: the same faults come with the same seed, others with another', () => {
    expect(digest(events(withFaults(story, parts), range))).toBe(digest(all))
    expect(digest(events(withFaults(story, { ...parts, seed: 8 }), range))).not.toBe(digest(all))
  })

  test('E1: any event can be made by itself, with its fault', () => {
    for (const event of all.slice(0, 500)) {
      if (event.headers?.['fault'] === 'duplicated') continue
      const alone = faulty.streams.find(({ name }) => name === event.stream)?.at(event.index, origin)
      expect(alone).toEqual(event)
    }
  })

  test('E3: the last event of a stream that ends is not dropped, and says how many before it are', () => {
    const counted = scenarios.deployments({ initialEvents: 50, eventsPerSecond: 0, spikes: 1 })
    for (const scenario of [counted, counting(60)] as readonly Scenario[]) {
      const sent = [...events(withFaults(scenario, { dropped: 1 }), { from: origin })]
      const whole = [...events(scenario, { from: origin })]
      const last = new Map(whole.map(event => [event.stream, event]))
      expect(sent).toEqual(
        [...last.values()].map(event => ({ ...event, headers: { dropped: String(event.index) } })),
      )
    }
  })

  test('E3: a stream without an end of which all is dropped still sends each ten-thousandth event', () => {
    const endless = scenarios.deployments({ initialEvents: 0, spikeEvents: 0 })
    const sent = events(withFaults(endless, { dropped: 1 }), { from: origin })
    for (const index of [9_999, 19_999])
      expect(sent.next().value).toMatchObject({ index, headers: { dropped: '9999' } })
  })

  test('E1: an event of a stream that is read can be made by itself, too', () => {
    const orders = withFaults(scenarios.orders({ seed: 7 }), parts)
    const [stream] = orders.streams
    for (const event of [...events(orders, { from: origin, to: origin + 60_000 })])
      if (event.headers?.['fault'] !== 'duplicated') expect(stream?.at(event.index, origin)).toEqual(event)
    expect(() => withFaults(counting(3), parts).streams[0]?.at(3, origin)).toThrow(RangeError)
  })

  test.each([12, -1.5, 7, 1e21, 'text', '', null, true, [1, 2], {}])(
    'what is malformed is no JSON, whatever it was: %j',
    value => {
      const scenario = defineEvents({
        name: 'one',
        streams: () => ({
          one: scheduled({
            schedule: bursts({ events: 20, everyMs: 1, bursts: 1 }),
            event: () => ({ key: '', value }),
          }),
        }),
      })
      for (const { body = '' } of events(withFaults(scenario, { malformed: 1 }), { from: origin }))
        expect(() => JSON.parse(body)).toThrow(SyntaxError)
    },
  )

  test.each([
    ['outOfOrder', 'outOfOrderByMs', 'out-of-order'],
    ['late', 'lateByMs', 'late'],
    ['duplicated', 'duplicatedAfterMs', 'duplicated'],
    ['clockSkewed', 'clockSkewedByMs', 'clock-skewed'],
  ])('%s is as bad as %s says', (part, by, fault) => {
    const sent = [...events(withFaults(story, { [part]: 0.5, [by]: [70, 73] }), range)]
    const offMs = sent
      .filter(({ headers }) => headers?.['fault'] === fault)
      .map(event => Math.abs(arrives(event) - event.timestampMs))
    expect(new Set(offMs)).toEqual(new Set([70, 71, 72]))
  })

  test('without any part is the scenario itself', () => {
    expect([...events(withFaults(story, {}), range)]).toEqual(clean)
  })

  test.each([
    { late: -0.1 },
    { late: 0.6, dropped: 0.6 },
    { lateByMs: [5, 1] as const },
    { slow: 1 } as object,
  ])('refuses %j', wrong => {
    expect(() => withFaults(story, wrong)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})
