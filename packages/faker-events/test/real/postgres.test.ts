import { afterAll, beforeAll, expect, test } from 'vitest'
import { PostgresServer } from '../../../local-engine/test/support/postgres.js'
import { events, postgres, postgresRows, run, scenarios, virtualClock, withFaults } from '../../src/index.js'
import { origin, rejection } from '../support/story.js'

let server: PostgresServer

beforeAll(async () => {
  server = await PostgresServer.start()
}, 60_000)
afterAll(() => server?.stop())

async function query<Row extends object>(statement: string): Promise<Row[]> {
  const client = await server.client()
  try {
    return (await client.query<Row>(statement)).rows
  } finally {
    await client.end()
  }
}

/** The values of a table in the order in which they were stored. */
async function stored(table: string): Promise<unknown[]> {
  return (await query<{ data: unknown }>(`SELECT data FROM ${table} ORDER BY nth`)).map(({ data }) => data)
}

test('E3: a real PostgreSQL stores every event in its order, a malformed one as a JSON string', async () => {
  await query('CREATE TABLE whole (nth bigserial, data jsonb)')
  const scenario = withFaults(scenarios.deployments({ seed: 7 }), {
    malformed: 0.1,
    duplicated: 0.1,
    dropped: 0.1,
  })
  const range = { from: origin, to: origin + 600_000 }
  const sink = postgres({ connection: server.url, table: 'whole' })
  await run({ scenario, sink, ...range, clock: virtualClock(range.to) })
  await sink.close()
  const expected = [...events(scenario, range)].map(({ value, body }) => body ?? value)
  expect(await stored('whole')).toEqual(expected)
  const [counted] = await query("SELECT count(*)::int AS n FROM whole WHERE data->>'organization' IS NULL")
  expect(counted).toEqual({ n: expected.filter(value => typeof value === 'string').length })
})

test('E4: a real PostgreSQL is killed and comes back in the middle of a run: every event is there, in order, and none is half there', async () => {
  await query('CREATE TABLE killed (nth bigserial, data jsonb)')
  const scenario = scenarios.deployments({ seed: 7, eventsPerSecond: 1000, spikeEvents: 0 })
  const sink = postgres({ connection: server.url, table: 'killed' })
  const from = Date.now()
  let back: Promise<void> | undefined
  const stats = await run({
    scenario,
    sink,
    from,
    to: from + 4000,
    retry: { maxMs: 200, maxAttempts: 200 },
    onBatch: ({ stats: { events: sent } }) => {
      if (sent > 1000) back ??= server.down('SIGQUIT').then(() => server.up())
    },
  })
  await back
  await sink.close()
  expect(stats.retries).toBeGreaterThan(0)
  const expected = [...events(scenario, { from, to: from + 4000 })].map(({ value }) => value)
  const found = await stored('killed')
  // A batch whose answer was lost is there twice, as a whole; nothing else is.
  const texts = found.map(value => JSON.stringify(value))
  let at = 0
  for (const [position, value] of expected.entries()) {
    while (at < texts.length && !same(found[at], value)) at++
    expect(at, `event ${position} is missing`).toBeLessThan(texts.length)
    at++
  }
  expect(found.length - expected.length).toBeLessThanOrEqual(500)
})

test('a table that takes no jsonb, or is not there, is an error that is not tried again', async () => {
  await query('CREATE TABLE numbers (data int)')
  const scenario = scenarios.deployments({ seed: 7 })
  for (const [table, said] of [
    ['numbers', 'invalid input syntax for type integer'],
    ['nowhere', 'relation "nowhere" does not exist'],
  ] as const) {
    const sink = postgres({ connection: server.url, table })
    const sent = run({ scenario, sink, from: origin, to: origin + 1000, clock: virtualClock(origin) })
    expect(await rejection(sent)).toMatchObject({
      code: 'SINK_FAILED',
      retryable: false,
      message: expect.stringContaining(said),
      details: { attempts: 1, sent: 0 },
    })
    await sink.close()
  }
})

test('reference rows are written once, and not touched when they are there', async () => {
  await query('CREATE TABLE customers (customer_id int, customer_name text, tier text)')
  const { customers: rows } = scenarios.deployments({ seed: 7 })
  const columns = ['customer_id', 'customer_name', 'tier'] as const
  const write = (): Promise<number> =>
    postgresRows({ connection: server.url, table: 'customers', columns, rows })
  expect(await write()).toBe(40)
  expect(await write()).toBe(0)
  const found = await query('SELECT * FROM customers ORDER BY customer_id')
  expect(found).toEqual(rows.map(({ organization, ...rest }) => rest))
})

/** jsonb keeps no order of keys. */
function same(one: unknown, other: unknown): boolean {
  const sorted = (value: unknown): string => JSON.stringify(Object.entries(value as object).sort())
  return sorted(one) === sorted(other)
}
