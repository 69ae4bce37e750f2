import { afterAll, beforeAll, expect, it } from 'vitest'
import { message } from '../../src/wire/backend.js'
import type { ByteWriter } from '../../src/wire/bytes.js'
import { engineFor, type TestEngine } from '../support/engine.js'
import { bind, parse, readDataRowFor, sync, target } from '../support/extended.js'
import { errorsOf, RawClient, tagsOf } from '../support/raw-client.js'
import { OpenStream } from '../support/stream.js'

let engine: TestEngine

/** Executes the unnamed portal for so many rows. */
function some(rows: number): (body: ByteWriter) => void {
  return body => body.cstring('').int32(rows)
}
let client: RawClient

beforeAll(async () => {
  engine = await engineFor({ historyMs: 3_600_000 })
  client = await RawClient.connect(engine.port)
})

afterAll(() => engine.close())

it('model files of Materialize run as they are, and twice if they say so', async () => {
  await engine.execute('create table t (x int, s text)')
  const models = `
    CREATE CLUSTER alerts SIZE '25cc', REPLICATION FACTOR 1;
    CREATE VIEW IF NOT EXISTS plain AS SELECT x FROM t WHERE s <> 'it''s \\ "not"';
    CREATE MATERIALIZED VIEW IF NOT EXISTS kept (y) IN CLUSTER alerts
      WITH (ASSERT NOT NULL y, RETAIN HISTORY FOR '1h') AS SELECT count(*) FROM plain WHERE x IN (1, 2);
    CREATE INDEX IF NOT EXISTS t_idx IN CLUSTER alerts ON t (x);
    CREATE INDEX kept_idx IN CLUSTER alerts ON kept (y);
    CREATE INDEX ON plain (x);
    CREATE DEFAULT INDEX IN CLUSTER alerts ON kept;
    COMMENT ON MATERIALIZED VIEW kept IS 'how many';`
  const tags = [
    'CREATE CLUSTER',
    'CREATE VIEW',
    'CREATE MATERIALIZED VIEW',
    ...['CREATE INDEX', 'CREATE INDEX', 'CREATE INDEX', 'CREATE INDEX'],
    'COMMENT',
  ]
  expect(tagsOf(await client.query(models))).toEqual(tags)
  expect(tagsOf(await client.query(models))).toEqual(tags)
  const stream = new OpenStream(
    await RawClient.connect(engine.port),
    'copy (subscribe kept with (progress)) to stdout',
  )
  await stream.shows('0')
  await client.query("insert into t values (1, 'a'), (7, 'b')")
  await stream.shows('1')
  stream.client.destroy()
  const ends = 'alter materialized view kept rename to gone; drop materialized view gone; drop cluster alerts'
  expect(tagsOf(await client.query(ends))).toEqual(['ALTER VIEW', 'DROP MATERIALIZED VIEW', 'DROP CLUSTER'])
})

it('they are answered alike when they are prepared, however much of a portal is read', async () => {
  const sql = 'create materialized view if not exists prepared as select 1 as one'
  client.write(
    ...[parse('make', sql), bind('', 'make'), target('E')],
    ...[parse('', 'select g from generate_series(1, 3) g'), bind('', ''), message('E', some(2)), target('E')],
    ...[parse('drop', 'drop materialized view prepared'), bind('', 'drop'), target('E'), sync],
  )
  const answer = await client.answer()
  expect(errorsOf(answer)).toEqual([])
  expect(tagsOf(answer)).toEqual(['CREATE MATERIALIZED VIEW', 'SELECT 1', 'DROP MATERIALIZED VIEW'])
})

it('what is wrong in them is still an error', async () => {
  await engine.execute('create table u (x int)')
  for (const [sql, code] of [
    ['create index on u (nope)', '42703'],
    ['create index on nowhere (x)', '42P01'],
    ['create view if not exists w as select nope from u', '42703'],
    ['create view u as select 1', '42P07'],
  ] as const) {
    expect(errorsOf(await client.query(sql))).toMatchObject([{ code }])
  }
})

it.each(['source', 'sink', 'connection', 'secret'])('a %s is refused with what to do instead', async kind => {
  const [error] = errorsOf(await client.query(`create ${kind} s from nothing`))
  expect(error).toMatchObject({ code: '0A000', hint: 'Make a table with the same columns and write to it.' })
})

it('an index that did nothing can be dropped, and one that does something is gone', async () => {
  await client.query('create table indexed (x int); create view over as select x from indexed')
  await client.query('create index nothing on over (x); create index something on indexed (x)')
  const count = "select count(*) from pg_indexes where indexname in ('nothing', 'something')"
  expect(readDataRowFor(await client.query(count))).toEqual(['1'])
  expect(tagsOf(await client.query('drop index nothing; drop index public.something'))).toEqual([
    'DROP INDEX',
    'DROP INDEX',
  ])
  expect(readDataRowFor(await client.query(count))).toEqual(['0'])
})

it('more history than the engine keeps is refused, where it is asked for', async () => {
  for (const sql of [
    "create table h (x int) with (retain history for '2h')",
    "create materialized view h with (retain history = for '1d') as select 1",
    "alter materialized view kept set (retain history for '61 minutes')",
    "create table h (x int) with (retain history for 'long')",
  ]) {
    const [error] = errorsOf(await client.query(sql))
    expect(error).toMatchObject({ code: '0A000', hint: expect.stringContaining('historyMs') })
  }
  const fits = "create table h (x int) with (retain history for '60 min')"
  expect(tagsOf(await client.query(fits))).toEqual(['CREATE TABLE'])
})

it('another encoding than UTF8 is refused, and nobody has another one', async () => {
  for (const sql of [
    'set client_encoding = latin1',
    "set names 'LATIN1'",
    "set session client_encoding to 'sql_ascii'",
    "select set_config('client_encoding', 'latin1', false)",
  ]) {
    expect(errorsOf(await client.query(sql))).toMatchObject([{ code: '22023' }])
  }
  for (const sql of ["set client_encoding = 'utf8'", "set names 'UTF8'", 'set client_encoding to default']) {
    expect(errorsOf(await client.query(sql))).toEqual([])
  }
  const other = await RawClient.connect(engine.port, { client_encoding: 'LATIN1' })
  expect(readDataRowFor(await other.query("select 'ü', current_setting('client_encoding')"))).toEqual([
    'ü',
    'UTF8',
  ])
  other.destroy()
})

it('programs are not run', async () => {
  expect(errorsOf(await client.query("copy (select 1) to program 'id'"))).toMatchObject([{ code: '0A000' }])
})
