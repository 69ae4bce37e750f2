import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engineFor, movableClock, type TestEngine } from '../support/engine.js'
import { bind, parse, readDataRowFor, sync, target } from '../support/extended.js'
import { cancel, errorsOf, RawClient, tagsOf } from '../support/raw-client.js'
import { OpenStream, rowsOf } from '../support/stream.js'
import { until } from '../support/wait.js'

const clock = movableClock()
let engine: TestEngine
let writer: RawClient

beforeAll(async () => {
  engine = await engineFor({ nowMs: clock.nowMs })
  await engine.execute('create table resumed (x int); insert into resumed values (1)')
  writer = await RawClient.connect(engine.port)
})

afterAll(() => engine.close())

const open = (sql: string): Promise<OpenStream> => OpenStream.accepted(engine.port, sql)

describe('from when and to when', () => {
  it('AS OF a time to come waits for it, and the snapshot carries it', async () => {
    await engine.execute('create table future (x int); insert into future values (1)')
    const asOf = clock.nowMs() + 3_600_000
    const sql = `copy (subscribe future with (progress) as of ${asOf}) to stdout`
    const stream = new OpenStream(await RawClient.connect(engine.port), sql)
    await until(
      () => engine.events.some(event => event.type === 'evaluated'),
      'an evaluation before its time',
    )
    expect(stream.rows).toEqual([])
    clock.set(asOf)
    await stream.shows('1')
    expect(stream.rows.slice(0, 2).map(row => row.timestamp)).toEqual([BigInt(asOf), BigInt(asOf)])
    stream.client.destroy()
  })

  it('AS OF the last frontier resumes a view that others listen to, and nothing is lost', async () => {
    const keeper = await open('copy (subscribe resumed with (progress)) to stdout')
    await keeper.settled()
    const frontier = keeper.rows.at(-1)?.timestamp ?? 0n
    const sql = `copy (subscribe resumed with (progress, snapshot = false) as of ${frontier - 1n}) to stdout`
    await writer.query('select 1')
    const stream = await open(sql)
    await writer.query('insert into resumed values (2)')
    await stream.shows('2')
    expect(stream.rows[0]).toMatchObject({ timestamp: frontier - 1n, progressed: true })
    stream.client.destroy()
    keeper.client.destroy()
  })

  it('AS OF AT LEAST a time long gone starts now', async () => {
    const stream = await open('copy (subscribe resumed with (progress) as of at least 1000) to stdout')
    await stream.shows('1', '2')
    stream.client.destroy()
  })

  it('UP TO ends the stream cleanly when its time has come, and counts what was sent', async () => {
    const upTo = clock.nowMs() + 3_600_000
    const stream = await open(`copy (subscribe resumed with (progress) up to ${upTo}) to stdout`)
    await stream.settled()
    clock.set(upTo)
    await stream.has('Z')
    expect(stream.frames.map(frame => frame.type).join('')).toMatch(/^Hd+cCZ$/)
    expect(tagsOf(stream.frames)).toEqual([`COPY ${stream.rows.length}`])
    expect(stream.changes.every(row => row.timestamp < BigInt(upTo))).toBe(true)
    stream.client.destroy()
  })

  it('UP TO a time before the start is refused', async () => {
    const answer = await writer.query('copy (subscribe resumed up to 1000) to stdout')
    expect(errorsOf(answer)).toMatchObject([{ code: '22000' }])
  })

  it('AS OF a time UP TO the same is empty, and says so', async () => {
    const t = clock.nowMs() + 3_600_000
    const answer = await writer.query(
      `copy (subscribe resumed with (progress) as of ${t} up to ${t}) to stdout`,
    )
    expect(answer.map(frame => frame.type).join('')).toBe('NHcCZ')
    expect(answer[0]?.body.toString()).toContain(
      `subscribe as of ${t} (inclusive) up to the same bound ${t} (exclusive) is guaranteed to be empty`,
    )
    expect(tagsOf(answer)).toEqual(['COPY 0'])
  })

  it('a constant is the same AS OF any time, and never UP TO one', async () => {
    const constant = await writer.query('copy (subscribe (select 1) with (progress) as of 10) to stdout')
    expect(rowsOf(constant, true).map(row => row.line)).toEqual(['\\N', '1'])
    expect(tagsOf(constant)).toEqual(['COPY 2'])
    const bounded = await writer.query('copy (subscribe (select 1) up to 5) to stdout')
    expect(errorsOf(bounded)).toMatchObject([
      {
        code: '22000',
        message:
          'subscription lower bound (`AS OF`) is greater than its upper bound (`UP TO`): 18446744073709551615 > 5',
      },
    ])
  })
})

describe('how a stream ends', () => {
  it('by a cancel request, and the connection can be used again', async () => {
    const stream = await open('copy (subscribe resumed with (progress)) to stdout')
    await stream.settled()
    await cancel(engine.port, stream.client)
    await stream.has('Z')
    expect(errorsOf(stream.frames)).toMatchObject([{ code: '57014' }])
    await stream.client.answer()
    expect(tagsOf(await stream.client.query('select 1'))).toEqual(['SELECT 1'])
    stream.client.destroy()
  })

  it('not by a cancel request with a wrong secret', async () => {
    const stream = await open('copy (subscribe resumed with (progress)) to stdout')
    await cancel(engine.port, { pid: stream.client.pid, secret: stream.client.secret ^ 1 })
    const rows = stream.rows.length
    await until(() => stream.rows.length > rows, 'more progress')
    expect(errorsOf(stream.frames)).toEqual([])
    stream.client.destroy()
  })

  it('by a FIN of its client, to which the engine answers with its own', async () => {
    const stream = await open('copy (subscribe resumed with (progress)) to stdout')
    await stream.client.end()
    expect(errorsOf(stream.frames)).toEqual([])
  })

  it('by an evaluation that fails, which is reported once', async () => {
    await engine.execute(
      'create table divisors (x int); insert into divisors values (1); create view fraction as select 1 / x as y from divisors',
    )
    const stream = await open('copy (subscribe fraction with (progress)) to stdout')
    await stream.shows('1')
    await writer.query('insert into divisors values (0)')
    await stream.has('Z')
    expect(errorsOf(stream.frames)).toMatchObject([
      { code: 'XX000', message: 'Evaluation error: division by zero' },
    ])
    expect(engine.events.filter(event => event.type === 'evaluation-failed')).toMatchObject([
      { statement: 'materialize.public.fraction', sqlState: '22012', reason: 'division by zero' },
    ])
    stream.client.destroy()
  })

  it('at once with an error, if it cannot be evaluated from the start', async () => {
    const answer = await writer.query('copy (subscribe fraction) to stdout')
    expect(errorsOf(answer)).toMatchObject([{ code: 'XX000', message: 'Evaluation error: division by zero' }])
  })

  it('with the reason, if a query cannot be planned', async () => {
    const failures = async (sql: string): Promise<unknown> => errorsOf(await writer.query(sql))
    expect(await failures('copy (subscribe (select * from nowhere)) to stdout')).toMatchObject([
      { code: 'XX000', message: "unknown catalog item 'nowhere'" },
    ])
    expect(await failures('copy (subscribe (select nope from resumed)) to stdout')).toMatchObject([
      { code: '42703' },
    ])
    expect(await failures('copy (subscribe (insert into resumed values (1))) to stdout')).toMatchObject([
      { code: '42601' },
    ])
  })

  it('a stream in a transaction that has only begun leaves the transaction as it found it', async () => {
    const client = await RawClient.connect(engine.port)
    await client.query('begin')
    const answer = await client.query('copy (subscribe (select 1) with (progress)) to stdout')
    expect(tagsOf(answer)).toHaveLength(1)
    expect(answer.at(-1)?.body.toString()).toBe('T')
    expect(errorsOf(await client.query('copy (subscribe nothing) to stdout'))).toHaveLength(1)
    expect(tagsOf(await client.query('commit'))).toEqual(['ROLLBACK'])
    await client.query('begin; select 1')
    const refused = errorsOf(await client.query('copy (subscribe resumed) to stdout'))
    expect(refused).toMatchObject([
      { code: '25000', message: 'SUBSCRIBE in transactions must be the only read statement' },
    ])
    client.destroy()
  })
})

describe('the extended protocol', () => {
  it('runs a stream that was parsed, and goes on after Sync', async () => {
    const client = await RawClient.connect(engine.port)
    client.write(
      parse('', 'copy (subscribe (select 1) with (progress)) to stdout'),
      bind('', ''),
      target('E'),
      sync,
    )
    const answer = await client.answer()
    expect(answer.map(frame => frame.type).join('')).toMatch(/^12Hd+cCZ$/)
    client.write(parse('', 'select 2'), bind('', ''), target('E'), sync)
    expect(readDataRowFor(await client.answer())?.[0]).toBe('2')
    client.destroy()
  })

  it('the bare statement can be described, and run only as a simple query', async () => {
    const client = await RawClient.connect(engine.port)
    client.write(parse('s', 'subscribe resumed'), bind('', 's'), target('E'), target('C', 's'), sync)
    const answer = await client.answer()
    expect(answer.map(frame => frame.type).join('')).toBe('12EZ')
    expect(errorsOf(answer)).toMatchObject([{ code: '0A000' }])
    const rows = await client.query('subscribe (select 1 as one, null::text as none) with (progress)')
    expect(rows.map(frame => frame.type).join('')).toBe('TNDDCZ')
    expect(tagsOf(rows)).toEqual(['SELECT 2'])
    expect(readDataRowFor(rows.slice(3))).toEqual(['18446744073709551615', 'f', '1', '1', null])
    client.destroy()
  })
})
