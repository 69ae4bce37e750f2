import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engineFor, movableClock, type TestEngine } from '../support/engine.js'
import { readDataRowFor } from '../support/extended.js'
import { cancel, errorsOf, RawClient } from '../support/raw-client.js'
import { contents, OpenStream, type StreamRow } from '../support/stream.js'
import { until } from '../support/wait.js'

const hourMs = 3_600_000
const clock = movableClock()
let engine: TestEngine
let writer: RawClient

beforeAll(async () => {
  engine = await engineFor({ nowMs: clock.nowMs, historyMs: hourMs })
  writer = await RawClient.connect(engine.port)
})

afterAll(() => engine.close())

const open = (sql: string): Promise<OpenStream> => OpenStream.accepted(engine.port, sql)

/** Listens until the first progress row beyond the snapshot, leaves, and says the last timestamp that was complete. */
async function visit(sql: string): Promise<bigint> {
  const stream = await open(sql)
  await until(() => stream.rows.filter(row => row.progressed).length > 1, 'the snapshot')
  await stream.settled()
  await cancel(engine.port, stream.client)
  await stream.has('Z')
  stream.client.destroy()
  return (stream.rows.at(-1)?.timestamp ?? 0n) - 1n
}

/** Another listener, who sees when a change was seen. */
async function write(sql: string, watch: OpenStream): Promise<bigint> {
  const before = watch.changes.length
  await writer.query(sql)
  await until(() => watch.changes.length > before, sql)
  return watch.changes.at(-1)?.timestamp ?? 0n
}

const text = (rows: readonly StreamRow[]): string[] =>
  rows.map(row => (row.progressed ? `<${row.timestamp}` : `${row.timestamp} ${row.diff} ${row.line}`))

describe('AS OF a time that is kept', () => {
  it('L5: brings what was missed with its own timestamps, in order, also if nobody listened meanwhile', async () => {
    await engine.execute('create table missed (x int); insert into missed values (1)')
    const asOf = await visit('copy (subscribe missed with (progress)) to stdout')
    const watch = await open('copy (subscribe missed with (progress)) to stdout')
    await watch.shows('1')
    const second = await write('insert into missed values (2)', watch)
    const third = await write('update missed set x = 3 where x = 1', watch)
    watch.client.destroy()
    const options = 'with (progress, snapshot = false)'
    const stream = await open(`copy (subscribe missed ${options} as of ${asOf}) to stdout`)
    await until(() => stream.changes.length >= 3, 'what was missed')
    await stream.settled()
    expect(text(stream.rows).slice(0, 4)).toEqual([
      `<${asOf}`,
      `${second} 1 2`,
      `${third} -1 1`,
      `${third} 1 3`,
    ])
    await writer.query('insert into missed values (4)')
    await until(() => stream.changes.at(-1)?.line === '4', 'what happens now')
    stream.client.destroy()
  })

  it('brings the contents of then as its snapshot', async () => {
    await engine.execute('create table past (x int); insert into past values (1), (1), (2)')
    const asOf = await visit('copy (subscribe past with (progress)) to stdout')
    await writer.query('delete from past where x = 1; insert into past values (3)')
    const stream = await open(`copy (subscribe past with (progress) as of ${asOf}) to stdout`)
    await stream.shows('2', '3')
    expect(text(stream.rows).slice(0, 3)).toEqual([`<${asOf}`, `${asOf} 2 1`, `${asOf} 1 2`])
    expect(stream.changes.slice(2).every(row => row.timestamp > asOf)).toBe(true)
    stream.client.destroy()
  })

  it('with UP TO a time that is past, gives what was between the two and ends', async () => {
    await engine.execute('create table between (x int)')
    const watch = await open('copy (subscribe between with (progress)) to stdout')
    const first = await write('insert into between values (1)', watch)
    const second = await write('insert into between values (2)', watch)
    const sql = `copy (subscribe between with (progress) as of ${first} up to ${second}) to stdout`
    const stream = await open(sql)
    await stream.has('Z')
    expect(stream.changes).toEqual([{ timestamp: first, progressed: false, diff: 1, line: '1' }])
    expect(stream.frames.map(frame => frame.type).join('')).toMatch(/^Hd+cCZ$/)
    for (const each of [watch, stream]) each.client.destroy()
  })

  it('L5: is refused once it is older than the history and something happened since', async () => {
    await engine.execute('create table aged (x int)')
    const watch = await open('copy (subscribe aged with (progress)) to stdout')
    const first = await write('insert into aged values (1)', watch)
    await write('insert into aged values (2)', watch)
    clock.set(clock.nowMs() + 2 * hourMs)
    const last = await write('insert into aged values (3)', watch)
    const sql = (asOf: bigint): string =>
      `copy (subscribe aged with (progress, snapshot = false) as of ${asOf}) to stdout`
    expect(errorsOf(await writer.query(sql(first)))).toMatchObject([
      { code: 'XX000', message: expect.stringContaining(`Timestamp (${first}) is not valid for all inputs`) },
    ])
    const stream = await open(sql(last - 1n))
    await until(() => stream.changes.length > 0, 'the last change')
    expect(stream.changes).toMatchObject([{ timestamp: last, diff: 1, line: '3' }])
    for (const each of [watch, stream]) each.client.destroy()
  })
})

describe('an engine that has just started', () => {
  it.each([['subscribe'], ['tail']] as const)(
    'L5: knows nothing from before its start (%s)',
    async generation => {
      const before = clock.nowMs() - 1
      await using fresh = await engineFor({ generation, nowMs: clock.nowMs, historyMs: hourMs })
      await fresh.execute('create table t (x int); insert into t values (1)')
      const client = await RawClient.connect(fresh.port)
      const refused = await client.query(
        `copy (${generation} t with (progress, snapshot = false) as of ${before}) to stdout`,
      )
      expect(errorsOf(refused)).toMatchObject([
        { message: expect.stringContaining(`Timestamp (${before}) is not valid for all inputs`) },
      ])
      client.destroy()
    },
  )
})

describe('TAIL of v0.26', () => {
  it('resumes too, without a progress row at AS OF', async () => {
    await using old = await engineFor({ generation: 'tail', historyMs: hourMs })
    await old.execute('create table t (x int); insert into t values (1)')
    const sql = (options: string): string => `copy (tail t with (progress${options}) to stdout`
    const first = new OpenStream(await RawClient.connect(old.port), sql(')'))
    await first.shows('1')
    await first.settled()
    first.client.destroy()
    await old.execute('insert into t values (2)')
    const asOf = (first.rows.at(-1)?.timestamp ?? 0n) - 1n
    const back = new OpenStream(await RawClient.connect(old.port), sql(`, snapshot = false) as of ${asOf}`))
    await back.shows('2')
    await back.settled()
    expect(back.rows.every(row => row.timestamp > asOf)).toBe(true)
    back.client.destroy()
  })
})

describe('a client that leaves and comes back, again and again', () => {
  it('L5: has in the end what a query shows, each change once', async () => {
    await engine.execute(
      'create table busy (id int primary key, n int); create view sums as select n, count(*) as c from busy group by n',
    )
    let writing = true
    const writes = (async () => {
      const each = await RawClient.connect(engine.port)
      for (let i = 0; i < 150; i++) {
        await each.query(
          `insert into busy values (${i % 17}, ${i % 5}) on conflict (id) do update set n = ${(i * 7) % 5}`,
        )
        if (i % 10 === 9) await each.query(`delete from busy where id = ${i % 17}`)
      }
      writing = false
      each.destroy()
    })()
    const complete: StreamRow[] = []
    let asOf: bigint | undefined
    for (let last = false; !last; ) {
      last = !writing
      const from = asOf === undefined ? '' : `, snapshot = false) as of ${asOf}`
      const stream = await open(`copy (subscribe sums with (progress${from || ')'}) to stdout`)
      // The last visit sees all that was written; the others leave in the midst of it.
      const written = last ? BigInt(readDataRowFor(await writer.query('select mz_now()'))?.[0] ?? 0) : 0n
      await until(() => {
        const progress = stream.rows.filter(row => row.progressed)
        return progress.length > 2 && (progress.at(-1)?.timestamp ?? 0n) > written + 1n
      }, 'progress')
      const { rows } = stream
      stream.client.destroy()
      const frontier = rows.findLast(row => row.progressed)?.timestamp ?? 0n
      complete.push(...rows.filter(row => !row.progressed && row.timestamp < frontier))
      asOf = frontier - 1n
    }
    await writes
    const truth = await writer.query('select n, c from sums')
    const lines = truth.filter(frame => frame.type === 'D').map(frame => readDataRowFor([frame])?.join('\t'))
    expect([...contents(complete)].sort()).toEqual(lines.map(line => [line, 1]).sort())
    const stamps = complete.map(row => row.timestamp)
    expect(stamps).toEqual([...stamps].sort((a, b) => Number(a - b)))
  })
})

describe('how much is kept', () => {
  it('the oldest changes go when all of them take more than was allowed', async () => {
    await using small = await engineFor({ historyMs: hourMs, maxHistoryBytes: 4000 })
    await small.execute('create table many (x int)')
    const client = await RawClient.connect(small.port)
    const sql = 'copy (subscribe many with (progress)) to stdout'
    const watch = new OpenStream(client, sql)
    await watch.settled()
    const other = await RawClient.connect(small.port)
    for (let i = 1; i <= 40; i++) {
      await other.query(`insert into many values (${i})`)
      await until(() => watch.changes.length >= i, `row ${i}`)
    }
    const [first] = watch.changes
    const last = watch.changes.at(-2)
    const since = (asOf: bigint | undefined): string =>
      `copy (subscribe many with (progress, snapshot = false) as of ${asOf}) to stdout`
    expect(errorsOf(await other.query(since(first?.timestamp)))).toMatchObject([{ code: 'XX000' }])
    const stream = new OpenStream(other, since(last?.timestamp))
    await until(() => stream.changes.length > 0, 'the last row')
    expect(stream.changes.map(row => row.line)).toEqual(['40'])
  })

  it('a view that nobody came back to is forgotten', async () => {
    await using short = await engineFor({ historyMs: 1 })
    await short.execute('create table left_alone (x int)')
    const client = await RawClient.connect(short.port)
    const stream = new OpenStream(client, 'copy (subscribe left_alone with (progress)) to stdout')
    await stream.settled()
    const asOf = stream.rows[0]?.timestamp
    await cancel(short.port, client)
    await stream.has('Z')
    const other = await RawClient.connect(short.port)
    const elsewhere = new OpenStream(
      other,
      'copy (subscribe (select count(*) from pg_class) with (progress)) to stdout',
    )
    await until(() => elsewhere.rows.filter(row => row.progressed).length > 3, 'some evaluations')
    const late = await RawClient.connect(short.port)
    const again = `copy (subscribe left_alone with (progress, snapshot = false) as of ${asOf}) to stdout`
    expect(errorsOf(await late.query(again))).toMatchObject([{ code: 'XX000' }])
  })
})
