import {
  type ExpectedAlert,
  events,
  type GeneratedEvent,
  postgres,
  postgresRows,
  scenarios,
} from '@mzalert/faker-events'
import { type Engine, startEngine } from '@mzalert/local-engine'
import { models } from '@mzalert/stack'
import { Client } from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'

const origin = 1_700_000_000_000
const parameters = { windowMs: 30_000, threshold: 25, enterpriseLimit: 8 }
const scenario = scenarios.deployments({ seed: 7 })
const hourMs = 3_600_000

let nowMs = origin
let engine: Engine
let client: Client

beforeEach(async () => {
  nowMs = origin
  const retain = { table: 'deployments', timestampMs: "(data->>'event_ts')::bigint * 1000", forMs: 600_000 }
  engine = await startEngine({ nowMs: () => nowMs, retain: [retain] })
  for (const { sql } of models('local', parameters)) await engine.execute(sql)
  const columns = ['customer_id', 'customer_name', 'tier'] as const
  await postgresRows({ connection: engine.url, table: 'customers', columns, rows: scenario.customers })
  client = new Client(engine.url)
  await client.connect()
})
afterEach(async () => {
  await client?.end()
  await engine?.close()
})

/** The alerts that the models hold, and the time by their own clock. */
async function firing(): Promise<{ readonly atMs: number; readonly names: ReadonlySet<string> }> {
  const { rows } = await client.query<{ at: string; name: string | null }>(
    `SELECT mz_now()::text AS at, 'organization ' || labels AS name FROM organization_alert
     UNION ALL SELECT mz_now()::text, 'customer ' || customer_name FROM customer_alert
     UNION ALL SELECT mz_now()::text, NULL`,
  )
  const names = rows.flatMap(({ name }) => (name === null ? [] : [name]))
  return { atMs: Number(rows[0]?.at), names: new Set(names) }
}

function nameOf(alert: ExpectedAlert): string {
  return alert.view === 'organization_alert'
    ? `organization ${alert.organization}`
    : `customer ${alert.customerName}`
}

/** Stores events in their order as far as time has come, each time it is called. */
function feeder(all: Iterable<GeneratedEvent>): { readonly upTo: (ms: number) => Promise<void> } {
  const sink = postgres({ connection: engine.url, table: 'deployments' })
  const rest = all[Symbol.iterator]()
  let next = rest.next()
  const upTo = async (ms: number): Promise<void> => {
    const due: GeneratedEvent[] = []
    for (; !next.done && next.value.timestampMs <= ms; next = rest.next()) due.push(next.value)
    await sink.send(due)
  }
  return { upTo }
}

test('E2: over an hour, each alert fires and resolves in the engine at the very millisecond that the scenario says', async () => {
  const range = { from: origin, to: origin + hourMs }
  const all = [...events(scenario, range)]
  // Nothing can change at any other time: an event comes, or its window passes.
  const times = new Set<number>([origin])
  for (const { timestampMs, value } of all) {
    times.add(Math.max(origin, timestampMs))
    times.add(value.event_ts * 1000 + parameters.windowMs)
  }
  const found: [string, number, number][] = []
  const since = new Map<string, number>()
  const feed = feeder(all)
  for (const ms of [...times].filter(each => each >= origin).sort((one, other) => one - other)) {
    nowMs = ms
    await feed.upTo(ms)
    const { atMs, names } = await firing()
    expect(atMs).toBe(ms)
    for (const name of names) if (!since.has(name)) since.set(name, ms)
    for (const [name, firesAtMs] of since) {
      if (names.has(name)) continue
      found.push([name, firesAtMs, ms])
      since.delete(name)
    }
  }
  const expected = scenario
    .expectations({ ...range, ...parameters })
    .map(alert => [nameOf(alert), alert.firesAtMs, alert.resolvesAtMs])
  expect(expected.length).toBeGreaterThan(60)
  expect(found.sort()).toEqual(expected.sort())
  expect(since.size).toBe(0)
}, 120_000)

test('E2: over a day, each alert is there when it fires and just before it resolves, and not just before or at its end', async () => {
  const range = { from: origin, to: origin + 24 * hourMs }
  const alerts = scenario.expectations({ ...range, ...parameters })
  expect(alerts.length).toBeGreaterThan(1440)
  /** Which alerts must hold or not, by time. */
  const asked = new Map<number, { readonly name: string; readonly fires: boolean }[]>()
  const ask = (atMs: number, name: string, fires: boolean): void => {
    asked.set(atMs, [...(asked.get(atMs) ?? []), { name, fires }])
  }
  for (const alert of alerts) {
    ask(alert.firesAtMs - 1, nameOf(alert), false)
    ask(alert.firesAtMs, nameOf(alert), true)
    ask(alert.resolvesAtMs - 1, nameOf(alert), true)
    ask(alert.resolvesAtMs, nameOf(alert), false)
  }
  const feed = feeder(events(scenario, range))
  for (const [ms, questions] of [...asked].sort(([one], [other]) => one - other)) {
    nowMs = ms
    await feed.upTo(ms)
    const { atMs, names } = await firing()
    expect(atMs).toBe(ms)
    for (const { name, fires } of questions) expect(names.has(name), `${name} at ${ms}`).toBe(fires)
  }
}, 240_000)
