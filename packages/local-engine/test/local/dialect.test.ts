import { afterAll, beforeAll, expect, it } from 'vitest'
import { engineFor, type TestEngine } from '../support/engine.js'
import { errorsOf, RawClient, tagsOf } from '../support/raw-client.js'
import { OpenStream } from '../support/stream.js'

let engine: TestEngine
let client: RawClient

beforeAll(async () => {
  engine = await engineFor()
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
