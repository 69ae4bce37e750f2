import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engineFor, movableClock, type TestEngine } from '../support/engine.js'
import { readDataRowFor } from '../support/extended.js'
import { RawClient } from '../support/raw-client.js'
import { contents, OpenStream } from '../support/stream.js'
import { until } from '../support/wait.js'

const clock = movableClock()
let engine: TestEngine
let writer: RawClient

beforeAll(async () => {
  engine = await engineFor({ nowMs: clock.nowMs })
  writer = await RawClient.connect(engine.port)
})

afterAll(() => engine.close())

const open = (sql: string): Promise<OpenStream> => OpenStream.accepted(engine.port, sql)

describe('what a stream shows', () => {
  it('rows of a relation with a quoted and qualified name', async () => {
    await engine.execute(
      'create schema "My Shop"; create table "My Shop"."Big ""Orders""" ("Id" int, "a b" text)',
    )
    const stream = await open('copy (subscribe to "My Shop"."Big ""Orders""" with (progress)) to stdout')
    await writer.query(`insert into "My Shop"."Big ""Orders""" values (1, 'x')`)
    await stream.shows('1\tx')
    stream.client.destroy()
  })

  it('changes by any statement: insert, update, delete, truncate, copy, and functions that write', async () => {
    await engine.execute(`create table every (x int);
      create function adds() returns int language sql as 'insert into every values (9) returning x'`)
    const stream = await open('copy (subscribe every with (progress)) to stdout')
    await writer.query('insert into every values (1), (1), (2)')
    await stream.shows('1', '1', '2')
    await writer.query('update every set x = 3 where x = 2')
    await stream.shows('1', '1', '3')
    await writer.query('delete from every where x = 1')
    await stream.shows('3')
    await writer.query('select adds()')
    await stream.shows('3', '9')
    await writer.query('with added as (insert into every values (10) returning 1) select * from added')
    await stream.shows('3', '9', '10')
    await writer.query('truncate every')
    await stream.shows()
    await writer.query("do 'begin insert into every values (5); end'")
    await stream.shows('5')
    stream.client.destroy()
  })

  it('L3: what time does to a view that is made anew while it is listened to, and to a function under one', async () => {
    const endMs = clock.nowMs() + 3_600_000
    await engine.execute(`create table lasting (x int); insert into lasting values (1);
      create view anew as select x from lasting;
      create function limit_ms() returns bigint language sql immutable as 'select ${endMs}::bigint * 2';
      create view through as select x from lasting where limit_ms() > ${endMs}`)
    const streams = [
      await open('copy (subscribe anew with (progress)) to stdout'),
      await open('copy (subscribe through with (progress)) to stdout'),
    ]
    for (const stream of streams) await stream.shows('1')
    await engine.execute(`create or replace view anew as select x from lasting where mz_now() < ${endMs};
      create or replace function limit_ms() returns bigint language sql volatile as 'select ${2 * endMs} - mz_now()'`)
    const late = await open('copy (subscribe anew with (progress)) to stdout')
    await late.shows('1')
    clock.set(endMs)
    for (const stream of [...streams, late]) {
      await stream.shows()
      stream.client.destroy()
    }
  })

  it('L4: nothing of a transaction before it is committed, and nothing of one that is rolled back', async () => {
    await engine.execute('create table slowly (x int)')
    const stream = await open('copy (subscribe slowly with (progress)) to stdout')
    await writer.query('begin; insert into slowly values (1)')
    await writer.query('insert into slowly values (2)')
    expect(stream.changes).toEqual([])
    await writer.query('commit')
    await stream.shows('1', '2')
    expect(new Set(stream.changes.map(row => row.timestamp)).size).toBe(1)
    await writer.query('begin; insert into slowly values (3); rollback; insert into slowly values (4)')
    await stream.shows('1', '2', '4')
    expect(stream.changes.map(row => row.line)).not.toContain('3')
    stream.client.destroy()
  })

  it('L3: mz_now() in a view is the timestamp on its rows', async () => {
    await engine.execute('create view clock as select mz_now() as now, mz_logical_timestamp() as same')
    const stream = await open('copy (subscribe clock with (progress)) to stdout')
    await until(() => stream.changes.length > 20, 'some changes')
    for (const { timestamp, diff, line } of stream.changes)
      if (diff > 0) expect(line).toBe(`${timestamp}\t${timestamp}`)
    stream.client.destroy()
  })

  it('mz_now() in a query is the clock of the engine, never behind what was streamed', async () => {
    const before = clock.nowMs()
    const value = Number(readDataRowFor(await writer.query('select mz_now()'))?.[0])
    expect(value).toBeGreaterThanOrEqual(before)
    expect(value).toBeLessThanOrEqual(clock.nowMs() + 1)
  })

  it('L2: timestamps that never repeat or go back, even if the clock goes back', async () => {
    await engine.execute('create table ticking (x int)')
    const stream = await open('copy (subscribe ticking with (progress)) to stdout')
    await writer.query('insert into ticking values (1)')
    await stream.shows('1')
    clock.set(clock.nowMs() - 3_600_000)
    await writer.query('insert into ticking values (2)')
    await stream.shows('1', '2')
    const frontier = stream.rows.at(-1)?.timestamp ?? 0n
    expect(Number(readDataRowFor(await writer.query('select mz_now()'))?.[0])).toBeGreaterThanOrEqual(
      Number(frontier) - 1,
    )
    await until(() => (stream.rows.at(-1)?.timestamp ?? 0n) > frontier, 'more progress')
    clock.set(Date.now() + 1000)
    const timestamps = stream.rows.map(row => row.timestamp)
    expect(timestamps.every((timestamp, i) => i === 0 || timestamp >= (timestamps[i - 1] ?? 0n))).toBe(true)
    const progress = stream.rows.filter(row => row.progressed).map(row => row.timestamp)
    expect(new Set(progress).size).toBe(progress.length)
    stream.client.destroy()
  })

  it('L3: the same changes to all who listen to one view, and one timestamp for views evaluated together', async () => {
    await engine.execute(
      'create table shared (x int); create view total as select sum(x) as total from shared',
    )
    const streams = await Promise.all(
      ['shared', 'total', 'total'].map(name => open(`copy (subscribe ${name} with (progress)) to stdout`)),
    )
    await writer.query('insert into shared values (3), (4)')
    const [table, one, two] = streams
    await table?.shows('3', '4')
    await one?.shows('7')
    await two?.shows('7')
    const last = streams.map(stream => stream.changes.at(-1)?.timestamp)
    expect(new Set(last).size).toBe(1)
    for (const stream of streams) stream.client.destroy()
  })

  it('numbers that differ only in how they are written are one row', async () => {
    await engine.execute('create table prices (p numeric); insert into prices values (1.5), (1.50)')
    const stream = await open('copy (subscribe prices with (progress)) to stdout')
    await stream.shows('1.5', '1.5')
    expect(stream.changes.map(({ diff, line }) => [diff, line])).toEqual([[2, '1.5']])
    await writer.query('update prices set p = 1.500')
    await writer.query('insert into prices values (2.0)')
    await stream.shows('1.5', '1.5', '2')
    expect(stream.changes.map(({ diff, line }) => [diff, line])).toEqual([
      [2, '1.5'],
      [1, '2'],
    ])
    stream.client.destroy()
  })

  it("a query's names as its client's search path has them", async () => {
    await engine.execute(
      'create schema other; create table other.here (x int); insert into other.here values (7)',
    )
    const client = await RawClient.connect(engine.port, { search_path: 'other' })
    const stream = new OpenStream(client, 'copy (subscribe (select x from here) with (progress)) to stdout')
    await stream.shows('7')
    client.destroy()
  })

  it('the columns that the relation had, when one is added to it', async () => {
    await engine.execute('create table grows (x int); insert into grows values (1)')
    const stream = await open('copy (subscribe grows with (progress)) to stdout')
    await writer.query("alter table grows add column y text default 'new'; insert into grows values (2, 'z')")
    await stream.shows('1', '2')
    stream.client.destroy()
  })
})

describe('a stream under load', () => {
  it('L2: shows one moment at every progress row, and in the end what a query shows', async () => {
    await engine.execute(`create table accounts (id int primary key, amount numeric(10,2));
      insert into accounts select g, 0 from generate_series(1, 8) g;
      create view balance as select sum(amount) as total, count(*) as accounts from accounts`)
    const accounts = await open('copy (subscribe accounts with (progress)) to stdout')
    const balance = await open('copy (subscribe balance with (progress)) to stdout')
    const writers = await Promise.all([1, 2, 3].map(() => RawClient.connect(engine.port)))
    await Promise.all(
      writers.map(async (each, seed) => {
        for (let i = 0; i < 40; i++) {
          const [from, to] = [1 + ((i * 3 + seed) % 8), 1 + ((i * 5 + seed + 1) % 8)]
          await each.query('begin')
          await each.query(`update accounts set amount = amount - ${i}.50 where id = ${from}`)
          await each.query(`update accounts set amount = amount + ${i}.50 where id = ${to}`)
          await each.query(i % 4 === 3 ? 'rollback' : 'commit')
        }
      }),
    )
    const truth = await writer.query('select id, trim_scale(amount) from accounts')
    const rows = truth
      .filter(frame => frame.type === 'D')
      .map(frame => readDataRowFor([frame])?.join('\t') ?? '')
    await accounts.shows(...rows)
    const total = (lines: Iterable<string>): number =>
      [...lines].reduce((sum, line) => sum + Number(line.split('\t')[1]), 0)
    accounts.rows.forEach((row, i, all) => {
      // The first progress row is AS OF: the snapshot comes after it.
      if (row.progressed && i > 0) expect(total(contents(all.slice(0, i)).keys())).toBe(0)
    })
    expect(balance.changes.map(row => row.line)).toEqual(['0\t8'])
    for (const each of [...writers, accounts.client, balance.client]) each.destroy()
  })
})

describe('a slow client', () => {
  it('L2: does not hold the others, and gets the sum of what it missed', async () => {
    await engine.execute('create table wide (id int, s text)')
    const slow = await open('copy (subscribe wide with (progress)) to stdout')
    const fast = await open('copy (subscribe wide with (progress)) to stdout')
    slow.client.pause()
    const filler = 'x'.repeat(1000)
    for (let round = 1; round <= 10; round++) {
      await writer.query(
        `truncate wide; insert into wide select g, '${round}${filler}' from generate_series(1, 2000) g`,
      )
      await until(() => fast.changes.filter(row => row.diff > 0).length >= round * 2000, `round ${round}`)
    }
    slow.client.resume()
    const lines = Array.from({ length: 2000 }, (_, i) => `${i + 1}\t10${filler}`)
    await slow.shows(...lines)
    expect(slow.changes.length).toBeLessThan(fast.changes.length)
    slow.client.destroy()
    fast.client.destroy()
  })
})

describe('TAIL of v0.26', () => {
  it('goes on silently when its view cannot be evaluated, and shows the sum when it can again', async () => {
    const old = await engineFor({ generation: 'tail' })
    await old.execute(
      'create table divisors (x int); create view fraction as select 10 / x as y from divisors; insert into divisors values (2)',
    )
    const stream = new OpenStream(
      await RawClient.connect(old.port),
      'copy (tail fraction with (progress)) to stdout',
    )
    await stream.shows('5')
    await old.execute('insert into divisors values (0), (1)')
    await until(() => old.events.some(event => event.type === 'evaluation-failed'), 'the failure')
    const rows = stream.rows.length
    await until(() => stream.rows.length > rows, 'progress')
    await old.execute('delete from divisors where x = 0')
    await stream.shows('5', '10')
    await until(() => old.events.some(event => event.type === 'evaluation-recovered'), 'the recovery')
    expect(old.events.filter(event => event.type === 'evaluation-failed')).toHaveLength(1)
    await old.close()
  })
})
