import { describe, expect, test } from 'vitest'
import { events, scenarios, withFaults } from '../../src/index.js'
import { origin } from '../support/story.js'

const story = scenarios.incident({ seed: 7, deploysPerSecond: 2 })
const round = { from: origin, to: origin + 600_000 }
const all = [...events(story, round)]
const { failing, silent, flapping } = story.troubled
const query = { ...round, windowMs: 30_000, failures: 3, flaps: 3 }

describe('the incident scenario', () => {
  test('has three services in trouble, one after the other', () => {
    expect(new Set([failing, silent, flapping]).size).toBe(3)
    const share = (from: number, to: number): number => {
      const ended = all.filter(
        ({ value, timestampMs }) =>
          value.service_id === failing.service_id &&
          /failed|live/.test(value.event_type) &&
          timestampMs >= origin + from &&
          timestampMs < origin + to,
      )
      return ended.filter(({ value }) => value.event_type === 'deployment_failed').length / ended.length
    }
    expect(share(0, 60_000)).toBeLessThan(0.3)
    expect(share(70_000, 180_000)).toBeGreaterThan(0.7)
    expect(share(300_000, 600_000)).toBeLessThan(0.2)
    const within = (from: number, to: number, id: number): typeof all =>
      all.filter(
        ({ value, timestampMs }) =>
          value.service_id === id && timestampMs >= origin + from && timestampMs < origin + to,
      )
    expect(within(180_000, 240_000, silent.service_id)).toEqual([])
    expect(within(120_000, 180_000, silent.service_id).length).toBeGreaterThan(10)
    const down = within(240_000, 304_000, flapping.service_id).filter(
      ({ value }) => value.event_type === 'service_down',
    )
    expect(down.length).toBeGreaterThan(8)
    expect(all.filter(({ value }) => value.event_type === 'service_down').length).toBe(down.length)
  })

  test('says that a service is up, and flaps, as often and as long as it is told to', () => {
    const quick = scenarios.incident({ seed: 7, heartbeatMs: 1000, flappingMs: 200_000 })
    const sent = [...events(quick, round)].filter(({ stream }) => stream === 'status')
    const calm = sent.filter(({ timestampMs }) => timestampMs < origin + 60_000)
    for (const { service_id } of quick.services) {
      const own = calm.filter(({ value }) => value.service_id === service_id)
      const gaps = own.slice(1).map(({ timestampMs }, at) => timestampMs - (own[at]?.timestampMs ?? 0))
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(900)
      expect(Math.max(...gaps)).toBeLessThanOrEqual(1000)
    }
    const down = sent.filter(({ value }) => value.event_type === 'service_down')
    expect(down[0]?.timestampMs).toBeLessThan(origin + 245_000)
    expect(down.at(-1)?.timestampMs).toBeGreaterThan(origin + 430_000)
    expect(down.at(-1)?.timestampMs).toBeLessThan(origin + 443_000)
  })

  test('takes every deployment through its states', () => {
    const paths = new Map<number, string>()
    for (const { value } of all)
      if (value.deployment_id !== null)
        paths.set(
          value.deployment_id,
          `${paths.get(value.deployment_id) ?? ''} ${value.event_type.slice(11)}`,
        )
    const whole = [...paths.values()].filter(path => path.startsWith(' created'))
    expect(whole.length).toBeGreaterThan(1000)
    for (const path of whole)
      expect(path).toMatch(/^ created( building( failed| deploying( live| rolled_back)?)?)?$/)
  })

  test('E2: each trouble is reported once, for the service that has it, in its time', () => {
    const alerts = story.expectations(query)
    expect(alerts.map(({ view, serviceId }) => [view, serviceId])).toEqual([
      ['failing_service', failing.service_id],
      ['silent_service', silent.service_id],
      ['flapping_service', flapping.service_id],
    ])
    const [fails, silence, flaps] = alerts.map(({ firesAtMs, resolvesAtMs }) => [
      firesAtMs - origin,
      resolvesAtMs - origin,
    ])
    expect(fails?.[0]).toBeGreaterThan(60_000)
    expect(fails?.[1]).toBeLessThan(225_000)
    expect(silence?.[0]).toBeGreaterThan(200_000)
    expect(silence?.[1]).toBeLessThan(246_000)
    expect(flaps?.[0]).toBeGreaterThan(240_000)
    expect(flaps?.[1]).toBeLessThan(332_000)
  })

  test('E2: services are reported exactly when counting by hand, at every tenth of a second, says so', () => {
    for (const scenario of [
      story,
      withFaults(story, { late: 0.05, duplicated: 0.1, dropped: 0.2, malformed: 0.05, clockSkewed: 0.1 }),
    ]) {
      const alerts = scenario.expectations(query)
      const counting = [...events(scenario, round)]
        .filter(({ body }) => body === undefined)
        .map(({ value: { service_id, event_type, event_ts }, arrivesMs, timestampMs }) => ({
          service_id,
          event_type,
          fromMs: Math.max(arrivesMs ?? timestampMs, event_ts * 1000),
          toMs: event_ts * 1000 + query.windowMs,
        }))
      let near = counting
      for (let nowMs = origin; nowMs < round.to; nowMs += 100) {
        // Of all events those of the next ten seconds, so that counting by hand ends today.
        if ((nowMs - origin) % 10_000 === 0)
          near = counting.filter(({ fromMs, toMs }) => fromMs < nowMs + 10_000 && nowMs < toMs)
        const counted = near.filter(({ fromMs, toMs }) => fromMs <= nowMs && nowMs < toMs)
        const of = (id: number, type: string): number =>
          counted.filter(({ service_id, event_type }) => service_id === id && event_type.startsWith(type))
            .length
        const byHand = story.services.flatMap(({ service_id: id }) => [
          ...(of(id, 'deployment_failed') > query.failures ? [`failing_service ${id}`] : []),
          ...(of(id, '') === 0 ? [`silent_service ${id}`] : []),
          ...(of(id, 'service_down') > query.flaps ? [`flapping_service ${id}`] : []),
        ])
        const firing = alerts
          .filter(({ firesAtMs, resolvesAtMs }) => firesAtMs <= nowMs && nowMs < resolvesAtMs)
          .map(({ view, serviceId }) => `${view} ${serviceId}`)
        if (firing.length + byHand.length > 0) expect(firing.sort()).toEqual(byHand.sort())
      }
    }
  })

  test('E2: a service that nobody has heard of yet is silent from the start', () => {
    const nobody = { ...story, streams: [] }
    const alerts = nobody.expectations(query)
    expect(alerts).toHaveLength(6)
    for (const alert of alerts)
      expect(alert).toMatchObject({
        view: 'silent_service',
        firesAtMs: origin,
        resolvesAtMs: Number.POSITIVE_INFINITY,
      })
  })

  test.each([{ services: 2 }, { everyMs: 1000 }, { failures: 1 } as object])('refuses %j', wrong => {
    expect(() => scenarios.incident(wrong)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})
