import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Deployment, events, type GeneratedEvent, scenarios } from '../../src/index.js'
import { digest, first, origin } from '../support/story.js'

function of(
  stream: string,
  all: readonly GeneratedEvent<Deployment>[],
): readonly GeneratedEvent<Deployment>[] {
  return all.filter(event => event.stream === stream)
}

describe('the deployments scenario', () => {
  const story = scenarios.deployments({ seed: 7 })
  const minutes = [...events(story, { from: origin, to: origin + 250_000 })]

  test('an event has the names and shapes that the models read', () => {
    const [event] = minutes
    expect(Object.keys(event?.value ?? {})).toEqual([
      'customer_id',
      'customer_name',
      'deployment_type',
      'event_type',
      'organization',
      'event_ts',
    ])
    for (const { topic, key, value, timestampMs } of minutes) {
      expect(topic).toBe('deployments')
      expect(key).toBe(String(value.customer_id))
      expect(['cloud', 'on_prem']).toContain(value.deployment_type)
      expect(value.event_type).toBe('deployment_created')
      expect(value.event_ts).toBe(Math.floor(timestampMs / 1000))
    }
  })

  test('an event names a customer as the reference rows do', () => {
    for (const { value } of minutes)
      expect(story.customers[value.customer_id - 1]).toMatchObject({
        customer_id: value.customer_id,
        customer_name: value.customer_name,
        organization: value.organization,
      })
  })

  test('it begins with a past that spreads over its span', () => {
    const past = of('initial', minutes)
    expect(past).toHaveLength(60)
    expect(past.every(({ timestampMs }) => timestampMs >= origin - 120_000 && timestampMs < origin)).toBe(
      true,
    )
    expect(past.at(-1)?.timestampMs).toBeGreaterThanOrEqual(origin - 2000)
  })

  test('it trickles one event a second, each within its slot', () => {
    const trickle = of('trickle', minutes)
    expect(trickle).toHaveLength(250)
    for (const { index, timestampMs } of trickle)
      expect(Math.floor((timestampMs - origin) / 500)).toBe(index * 2)
  })

  test('a trickle does not drift: its millionth event is in its slot', () => {
    const fast = scenarios.deployments({ eventsPerSecond: 3, spikeEvents: 0, initialEvents: 0 })
    const [, trickle] = fast.streams
    const { timestampMs } = trickle?.at(3_000_000, origin) ?? { timestampMs: 0 }
    expect(timestampMs - origin).toBeGreaterThanOrEqual(1_000_000_000)
    expect(timestampMs - origin).toBeLessThan(1_000_000_167)
  })

  test('it spikes after ten seconds and then every minute, forty events at once, in one organization', () => {
    const spikes = of('spike', minutes)
    const times = [...new Set(spikes.map(({ timestampMs }) => timestampMs - origin))]
    expect(times).toEqual([10_000, 70_000, 130_000, 190_000])
    for (const time of times) {
      const spike = spikes.filter(({ timestampMs }) => timestampMs === origin + time)
      expect(spike).toHaveLength(40)
      expect(new Set(spike.map(({ value }) => value.organization)).size).toBe(1)
    }
  })

  test('every organization spikes once before any spikes again, in an order that the seed decides', () => {
    const order = (seed: number): string => {
      const only = scenarios.deployments({ seed, spikeEvents: 1, eventsPerSecond: 0, initialEvents: 0 })
      return first(8, events(only, { from: origin }))
        .map(({ value }) => value.organization)
        .join('')
    }
    for (const seed of [1, 2, 3, 4, 5]) {
      expect([...order(seed).slice(0, 4)].sort().join('')).toBe('ABCD')
      expect([...order(seed).slice(4)].sort().join('')).toBe('ABCD')
    }
    expect(new Set([1, 2, 3, 4, 5].map(order)).size).toBeGreaterThan(1)
  })

  test('a few customers of an organization make most of its events', () => {
    const busy = scenarios.deployments({ seed: 1, eventsPerSecond: 100, spikeEvents: 0, customers: 40 })
    const counts = new Map<number, number>()
    for (const { value } of first(20_000, events(busy, { from: origin })))
      if (value.organization === 'A') counts.set(value.customer_id, (counts.get(value.customer_id) ?? 0) + 1)
    expect((counts.get(1) ?? 0) / (counts.get(5) ?? 1)).toBeCloseTo(2, 0)
    expect((counts.get(1) ?? 0) / (counts.get(37) ?? 1)).toBeGreaterThan(7)
  })

  test('its parts can be left out, and it ends when only finite ones remain', () => {
    const quiet = scenarios.deployments({ eventsPerSecond: 0, spikes: 2, spikeEvents: 3, initialEvents: 4 })
    const streams = [...events(quiet, { from: origin })].map(({ stream }) => stream)
    expect(streams).toEqual([...Array(4).fill('initial'), ...Array(6).fill('spike')])
    const nothing = scenarios.deployments({ eventsPerSecond: 0, spikeEvents: 0, initialEvents: 0 })
    expect([...events(nothing, { from: origin })]).toEqual([])
  })

  test('one customer is enough for everything', () => {
    const alone = first(200, events(scenarios.deployments({ customers: 1 }), { from: origin }))
    expect(new Set(alone.map(({ value }) => value.organization))).toEqual(new Set(['A']))
  })

  test.each([
    [{ seed: -1 }, 'seed'],
    [{ seed: 0.5 }, 'seed'],
    [{ customers: 0 }, 'customers'],
    [{ initialEvents: Number.NaN }, 'initialEvents'],
    [{ initialSpanMs: 0 }, 'initialSpanMs'],
    [{ eventsPerSecond: -1 }, 'eventsPerSecond'],
    [{ eventsPerSecond: 1e-9 }, 'eventsPerSecond'],
    [{ jitter: 1.5 }, 'jitter'],
    [{ spikeEvents: Number.POSITIVE_INFINITY }, 'spikeEvents'],
    [{ firstSpikeMs: -1 }, 'firstSpikeMs'],
    [{ spikeEveryMs: 0 }, 'spikeEveryMs'],
    [{ spikes: 1.5 }, 'spikes'],
    [{ topic: '' }, 'topic'],
  ])('refuses an option out of its range, by name: %o', (options, name) => {
    expect(() => scenarios.deployments(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', details: expect.objectContaining({ name }) }),
    )
  })

  test('refuses an option that it does not know, so that a misspelt one is no default', () => {
    const misspelt: object = { spikeEvery: 1000 }
    expect(() => scenarios.deployments(misspelt)).toThrow(
      /There is no option "spikeEvery"\. Use one of seed, customers/,
    )
  })
})

describe('determinism', () => {
  const golden = scenarios.deployments({ seed: 7, customers: 400, eventsPerSecond: 20 })
  const tenThousand = first(10_000, events(golden, { from: origin }))

  // These digests hold for every version of Node. Should a new faker have other names, only the second may change.
  test('E1: ten thousand events are the same bytes as when this was written, names aside', () => {
    const nameless = tenThousand.map(event => ({ ...event, value: { ...event.value, customer_name: '' } }))
    expect(digest(nameless)).toBe('d3ef135465cb1ab84c0a81a762aaa28ae928604a2e46ce81abfd11f398e72adf')
  })

  test('E1: ten thousand events are the same bytes as when this was written, with the names of faker 10.6.0', () => {
    expect(digest(tenThousand)).toBe('89e3edf1e530ceac70409f0802b7256352a77bb836715d1b6b129514394fdd71')
  })

  test('E1: an event is a function of seed, stream, index and origin: any of them can be made by itself', () => {
    const fresh = scenarios.deployments({ seed: 7, customers: 400, eventsPerSecond: 20 })
    fc.assert(
      fc.property(fc.nat(9_999), position => {
        const event = tenThousand[position]
        const stream = fresh.streams.find(({ name }) => name === event?.stream)
        expect(stream?.at(event?.index ?? 0, origin)).toEqual(event)
      }),
    )
  })

  test('E1: another origin moves a story in time and changes nothing else', () => {
    fc.assert(
      fc.property(fc.nat(2_000_000_000), seconds => {
        const moved = first(300, events(golden, { from: seconds * 1000 + 1_000_000 }))
        const back = moved.map(event => {
          const timestampMs = event.timestampMs - (seconds * 1000 + 1_000_000) + origin
          return {
            ...event,
            originMs: origin,
            timestampMs,
            value: { ...event.value, event_ts: Math.floor(timestampMs / 1000) },
          }
        })
        expect(back).toEqual(tenThousand.slice(0, 300))
      }),
      { numRuns: 20 },
    )
  })

  test('another seed tells another story', () => {
    const other = scenarios.deployments({ seed: 8, customers: 400, eventsPerSecond: 20 })
    expect(digest(first(100, events(other, { from: origin })))).not.toBe(digest(tenThousand.slice(0, 100)))
  })
})
