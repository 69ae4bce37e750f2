import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  type DeploymentsScenario,
  type ExpectedAlert,
  events,
  expectations,
  type OrganizationAlert,
  scenarios,
} from '../../src/index.js'
import { origin } from '../support/story.js'

interface Query {
  readonly from: number
  readonly to: number
  readonly windowMs: number
  readonly threshold: number
  readonly enterpriseLimit: number
}

/** The rows that the models' SELECTs give at one time, by the letter: nothing is carried from one time to the next. */
function evaluate(story: DeploymentsScenario, query: Query): (nowMs: number) => ReadonlySet<string> {
  const all = [...events(story, query)]
  return nowMs => {
    const perOrganization = new Map<string, number>()
    const perEnterprise = new Map<string, number>()
    for (const { timestampMs, value } of all) {
      const arrived = nowMs >= query.from && timestampMs <= nowMs
      const ts = value.event_ts * 1000
      if (!arrived || ts > nowMs || nowMs >= ts + query.windowMs) continue
      perOrganization.set(value.organization, (perOrganization.get(value.organization) ?? 0) + 1)
      const customer = story.customers.find(({ customer_id }) => customer_id === value.customer_id)
      if (customer?.tier === 'enterprise')
        perEnterprise.set(customer.customer_name, (perEnterprise.get(customer.customer_name) ?? 0) + 1)
    }
    const firing = [...perOrganization]
      .filter(([, count]) => count > query.threshold)
      .map(([name]) => `o ${name}`)
    const tooBusy = [...perEnterprise]
      .filter(([, count]) => count > query.enterpriseLimit)
      .map(([name]) => `c ${name}`)
    return new Set([...firing, ...tooBusy])
  }
}

function nameOf(alert: ExpectedAlert): string {
  return alert.view === 'organization_alert' ? `o ${alert.organization}` : `c ${alert.customerName}`
}

/** Every alert's intervals, found by looking at every millisecond. */
function bruteForce(story: DeploymentsScenario, query: Query): Map<string, [number, number][]> {
  const rowsAt = evaluate(story, query)
  const found = new Map<string, [number, number][]>()
  let before: ReadonlySet<string> = new Set()
  for (let nowMs = query.from - 1; nowMs <= query.to + query.windowMs + 1; nowMs++) {
    const now = rowsAt(nowMs)
    for (const name of now)
      if (!before.has(name)) found.set(name, [...(found.get(name) ?? []), [nowMs, Number.NaN]])
    for (const name of before) {
      const open = found.get(name)?.at(-1)
      if (!now.has(name) && open) open[1] = nowMs
    }
    before = now
  }
  return found
}

function byName(alerts: readonly ExpectedAlert[]): Map<string, [number, number][]> {
  const named = new Map<string, [number, number][]>()
  for (const alert of alerts)
    named.set(nameOf(alert), [...(named.get(nameOf(alert)) ?? []), [alert.firesAtMs, alert.resolvesAtMs]])
  return named
}

const sorted = (named: Map<string, [number, number][]>): [string, [number, number][]][] =>
  [...named].sort(([one], [other]) => (one < other ? -1 : 1))

const options = fc.record({
  seed: fc.nat(),
  customers: fc.integer({ min: 1, max: 12 }),
  initialEvents: fc.nat(15),
  initialSpanMs: fc.integer({ min: 1, max: 3000 }),
  eventsPerSecond: fc.constantFrom(0, 1, 7.5, 20),
  jitter: fc.constantFrom(0, 0.5, 1),
  spikeEvents: fc.nat(8),
  firstSpikeMs: fc.nat(1500),
  spikeEveryMs: fc.integer({ min: 200, max: 2000 }),
})
const query = fc
  .record({
    from: fc.integer({ min: 5_000_000, max: 5_002_000 }),
    spanMs: fc.nat(3000),
    windowMs: fc.integer({ min: 1, max: 2500 }),
    threshold: fc.nat(6),
    enterpriseLimit: fc.nat(4),
  })
  .map(({ spanMs, ...rest }) => ({ ...rest, to: rest.from + spanMs }))

describe('the alerts that a scenario must raise', () => {
  const story = scenarios.deployments({ seed: 7 })
  const models = { from: origin, windowMs: 30_000, threshold: 25 }

  test('E2: they fire and resolve exactly when the models, evaluated at every millisecond, say so', () => {
    fc.assert(
      fc.property(options, query, (some, asked) => {
        const scenario = scenarios.deployments(some)
        expect(sorted(byName(expectations(scenario, asked)))).toEqual(sorted(bruteForce(scenario, asked)))
      }),
      { numRuns: 60 },
    )
  })

  test('E2: over an hour, each alert holds just after it fires and just before it resolves, and not beyond', () => {
    const asked = { ...models, to: origin + 3_600_000, enterpriseLimit: 10 }
    const alerts = expectations(story, asked)
    expect(alerts.filter(({ view }) => view === 'organization_alert')).toHaveLength(60)
    const rowsAt = evaluate(story, asked)
    for (const alert of alerts) {
      expect(rowsAt(alert.firesAtMs - 1).has(nameOf(alert))).toBe(false)
      expect(rowsAt(alert.firesAtMs).has(nameOf(alert))).toBe(true)
      expect(rowsAt(alert.resolvesAtMs - 1).has(nameOf(alert))).toBe(true)
      expect(rowsAt(alert.resolvesAtMs).has(nameOf(alert))).toBe(false)
    }
  })

  test('E2: a spike of forty fires as it happens and resolves when its second leaves the window', () => {
    const [first, second, ...others] = expectations(story, { ...models, to: origin + 100_000 })
    expect(others).toEqual([])
    expect(first).toEqual({
      view: 'organization_alert',
      alertCond: 'deployment_spike',
      organization: first?.organization,
      firesAtMs: origin + 10_000,
      resolvesAtMs: origin + 40_000,
    })
    expect(second?.firesAtMs).toBe(origin + 70_000)
    expect(second?.organization).not.toBe(first?.organization)
  })

  test('E2: the seconds of event_ts count, so that an alert in mid-second resolves up to a second early', () => {
    const mid = scenarios.deployments({ eventsPerSecond: 0, initialEvents: 0, firstSpikeMs: 900, spikes: 1 })
    expect(expectations(mid, { ...models, to: origin + 1000 })).toMatchObject([
      { firesAtMs: origin + 900, resolvesAtMs: origin + 30_000 },
    ])
  })

  test('E2: exactly the threshold is not enough, one more is', () => {
    const of = (spikeEvents: number): readonly OrganizationAlert[] =>
      expectations(scenarios.deployments({ eventsPerSecond: 0, initialEvents: 0, spikes: 1, spikeEvents }), {
        ...models,
        to: origin + 60_000,
      })
    expect(of(25)).toHaveLength(0)
    expect(of(26)).toHaveLength(1)
  })

  test('E2: alerts that overlap or touch are one', () => {
    const every = (spikeEveryMs: number): readonly OrganizationAlert[] =>
      expectations(
        scenarios.deployments({
          customers: 1,
          eventsPerSecond: 0,
          initialEvents: 0,
          spikes: 2,
          spikeEveryMs,
        }),
        { ...models, to: origin + 100_000 },
      )
    expect(every(20_000).map(({ resolvesAtMs }) => resolvesAtMs - origin)).toEqual([60_000])
    expect(every(30_000).map(({ resolvesAtMs }) => resolvesAtMs - origin)).toEqual([70_000])
    expect(every(31_000).map(({ resolvesAtMs }) => resolvesAtMs - origin)).toEqual([40_000, 71_000])
  })

  test('E2: the past by itself raises no alert, whatever the seed', () => {
    for (let seed = 0; seed < 100; seed++) {
      const past = scenarios.deployments({ seed, eventsPerSecond: 0, spikeEvents: 0 })
      expect(expectations(past, { ...models, to: origin })).toEqual([])
    }
  })

  test('E2: what has resolved before the end stays as it is when the end is later', () => {
    const busy = scenarios.deployments({ seed: 4, eventsPerSecond: 4, spikeEveryMs: 17_000 })
    const long = expectations(busy, { ...models, to: origin + 200_000, enterpriseLimit: 8 })
    fc.assert(
      fc.property(fc.nat(200_000), spanMs => {
        const settled = ({ resolvesAtMs }: ExpectedAlert): boolean => resolvesAtMs < origin + spanMs
        const short = expectations(busy, { ...models, to: origin + spanMs, enterpriseLimit: 8 })
        expect(short.filter(settled)).toEqual(long.filter(settled))
      }),
      { numRuns: 30 },
    )
  })

  test('come in order of the time they fire', () => {
    const alerts = expectations(story, { ...models, to: origin + 600_000, enterpriseLimit: 5 })
    const times = alerts.map(({ firesAtMs }) => firesAtMs)
    expect(times).toEqual([...times].sort((one, other) => one - other))
    expect(new Set(alerts.map(({ view }) => view)).size).toBe(2)
  })

  test("the customers' alerts come only where they are asked for, and only for enterprises", () => {
    const alone = expectations(story, { ...models, to: origin + 60_000 })
    expectTypeOf(alone).toEqualTypeOf<readonly OrganizationAlert[]>()
    expect(alone.map(({ view }) => view)).toEqual(['organization_alert'])
    const both = expectations(story, { ...models, to: origin + 60_000, enterpriseLimit: 0 })
    expectTypeOf(both).toEqualTypeOf<readonly ExpectedAlert[]>()
    for (const alert of both)
      if (alert.view === 'customer_alert')
        expect(story.customers[alert.customerId - 1]).toMatchObject({
          customer_name: alert.customerName,
          tier: 'enterprise',
        })
  })

  test.each([
    [{ to: Number.POSITIVE_INFINITY }, 'to'],
    [{ to: origin - 1 }, 'to'],
    [{ windowMs: 0 }, 'windowMs'],
    [{ threshold: -1 }, 'threshold'],
    [{ enterpriseLimit: 0.5 }, 'enterpriseLimit'],
  ])('refuses a question that it cannot answer: %o', (wrong, name) => {
    expect(() => expectations(story, { ...models, to: origin, enterpriseLimit: 1, ...wrong })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', details: expect.objectContaining({ name }) }),
    )
  })
})
