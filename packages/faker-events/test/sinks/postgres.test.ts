import { afterEach, describe, expect, test } from 'vitest'
import { events, postgres, run, type Sink, scenarios, virtualClock } from '../../src/index.js'
import { first, origin, rejection } from '../support/story.js'
import { type Fault, type TableServer, tableServer } from '../support/table-server.js'

const story = scenarios.deployments({ seed: 7 })
const some = first(5, events(story, { from: origin }))

const open: { close: () => Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

async function serving(fault?: (statement: string) => Fault | undefined): Promise<TableServer> {
  const server = await tableServer(fault)
  open.push(server)
  return server
}

function into(server: TableServer, more: { readonly sendTimeoutMs?: number } = {}): Sink {
  const sink = postgres({ connection: server.url, table: 'public.deployments', ...more })
  open.push(sink)
  return sink
}

const table = '"public"."deployments"'
const stored = (server: TableServer): unknown[] =>
  (server.tables.get(table) ?? []).map(([data]) => JSON.parse(data ?? 'null'))

/** Gives one fault for the nth COPY and none for the others. */
function nthCopy(nth: number, fault: Fault): (statement: string) => Fault | undefined {
  let copies = 0
  return statement => {
    if (statement.startsWith('COPY')) copies++
    return statement.startsWith('COPY') && copies === nth ? fault : undefined
  }
}

describe('the PostgreSQL sink', () => {
  test('stores the values of a batch by one COPY, and uses one connection for all batches', async () => {
    const server = await serving()
    const sink = into(server)
    await sink.send(some.slice(0, 3))
    await sink.send(some.slice(3))
    expect(stored(server)).toEqual(some.map(({ value }) => value))
    expect(server.statements).toEqual(Array(2).fill(`COPY ${table} ("data") FROM STDIN`))
    expect(server.connections()).toBe(1)
  })

  test('any text in a value arrives as it was', async () => {
    const server = await serving()
    const awkward = { name: 'tab\t newline\n back\\slash "quote" \u2028 🚀 \\N \\.' }
    await into(server).send(some.slice(0, 1).map(event => ({ ...event, value: awkward })))
    expect(stored(server)).toEqual([awkward])
  })

  test('connects with the first batch, not before', async () => {
    const server = await serving()
    into(server)
    await into(server).close()
    expect(server.connections()).toBe(0)
  })

  test('takes a connection by its parts, a password by a function, and another column', async () => {
    const server = await serving()
    const { port } = new URL(server.url)
    const connection = {
      host: '127.0.0.1',
      port: Number(port),
      user: 'u',
      database: 'd',
      password: async () => 'p',
    }
    const sink = postgres({ connection, table: ['a.b', 'c'], column: 'doc "x"' })
    open.push(sink)
    await sink.send(some)
    expect(server.statements).toEqual(['COPY "a.b"."c" ("doc ""x""") FROM STDIN'])
  })

  test('a batch larger than any buffer arrives whole', async () => {
    const server = await serving()
    const many = first(20_000, events(scenarios.deployments({ eventsPerSecond: 1000 }), { from: origin }))
    await into(server).send(many)
    expect(server.tables.get(table)).toHaveLength(20_000)
  })

  test('a connection that is lost between two batches is made anew, and nothing ends the process', async () => {
    const server = await serving()
    const sink = into(server)
    await sink.send(some.slice(0, 3))
    server.cut()
    const range = { from: origin, to: origin + 3000 }
    const stats = await run({ scenario: story, sink, ...range, clock: virtualClock(origin) })
    expect(stored(server)).toHaveLength(3 + stats.events)
    expect(server.connections()).toBe(2)
  })

  test('a run loses and doubles nothing when the connection goes before a batch is stored', async () => {
    const server = await serving(nthCopy(3, 'cut'))
    const range = { from: origin, to: origin + 20_000 }
    const stats = await run({ scenario: story, sink: into(server), ...range, clock: virtualClock(origin) })
    expect(stats.retries).toBe(1)
    expect(stored(server)).toEqual([...events(story, range)].map(({ value }) => value))
  })

  test('a batch whose answer was lost is stored twice: at least once, as promised', async () => {
    const server = await serving(nthCopy(2, 'cut-before-answer'))
    const range = { from: origin, to: origin + 5000 }
    const stats = await run({ scenario: story, sink: into(server), ...range, clock: virtualClock(origin) })
    const rows = stored(server).map(row => JSON.stringify(row))
    expect(stats.retries).toBe(1)
    expect(rows.length).toBe(stats.events + 1)
    expect(new Set(rows)).toEqual(
      new Set([...events(story, range)].map(({ value }) => JSON.stringify(value))),
    )
  })

  test('a server that does not answer counts as lost', async () => {
    const server = await serving(nthCopy(1, 'silent'))
    const sink = into(server, { sendTimeoutMs: 50 })
    expect(await rejection(sink.send(some))).toMatchObject({
      code: 'SINK_FAILED',
      retryable: true,
      message: expect.stringContaining('No answer for 50 ms'),
    })
    await sink.send(some)
    expect(server.tables.get(table)).toHaveLength(5)
  })

  test('a server that counts other rows than were sent is not asked again', async () => {
    const server = await serving(nthCopy(1, 'miscount'))
    expect(await rejection(into(server).send(some))).toMatchObject({
      code: 'SINK_FAILED',
      retryable: false,
      message: expect.stringContaining('stored 4 of 5 rows'),
    })
  })

  test.each([
    ['42P01', 'relation "deployments" does not exist', false],
    ['42501', 'permission denied', false],
    ['53100', 'disk full', true],
    ['57P01', 'terminating connection due to administrator command', true],
  ])('says whether sending again may help: %s %s', async (sqlstate, message, retryable) => {
    const server = await serving(nthCopy(1, { refuse: sqlstate, message }))
    const sink = into(server)
    const error = await rejection(sink.send(some))
    expect(error).toMatchObject({ code: 'SINK_FAILED', retryable, cause: { code: sqlstate } })
    expect(String(error)).toContain(message)
    await sink.send(some)
    expect(server.tables.get(table)).toHaveLength(5)
  })

  test('with no server there, the error may pass and names no password', async () => {
    const server = await tableServer()
    await server.close()
    const error = await rejection(into(server).send(some))
    expect(error).toMatchObject({ code: 'SINK_FAILED', retryable: true })
    expect(String(error)).toContain('ECONNREFUSED')
    expect(String(error)).not.toContain('secret-word')
  })

  test('refuses a connection that is none before anything happens, and does not repeat it', () => {
    for (const connection of ['mysql://u:secret-word@h/d', 'secret-word', 'postgres://[bad']) {
      const make = (): Sink => postgres({ connection, table: 't' })
      expect(make).toThrow(
        expect.objectContaining({
          code: 'INVALID_OPTION',
          details: expect.objectContaining({ name: 'connection' }),
        }),
      )
      expect(make).not.toThrow(/secret-word/)
    }
    expect(() => postgres({ connection: 'postgres://h/d', table: '' })).toThrow(/table is ""/)
    expect(() => postgres({ connection: 'postgres://h/d', table: 't', column: '' })).toThrow(/column is ""/)
    expect(() => postgres({ connection: 'postgres://h/d', table: 't', sendTimeoutMs: 0 })).toThrow(
      /sendTimeoutMs is 0/,
    )
  })
})
