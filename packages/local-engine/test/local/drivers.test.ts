import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { tail } from '@mzalert/tail-client'
import pg from 'pg'
import { from, to } from 'pg-copy-streams'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { engineFor, type TestEngine } from '../support/engine.js'
import { OpenStream } from '../support/stream.js'
import { until } from '../support/wait.js'

let engine: TestEngine

beforeAll(async () => {
  engine = await engineFor()
})

afterAll(() => engine.close())

async function client(): Promise<pg.Client> {
  const connected = new pg.Client(engine.url)
  connected.on('error', () => {})
  await connected.connect()
  onTestFinished(() => connected.end())
  return connected
}

function sqlClient(options: postgres.Options<Record<string, never>> = {}): postgres.Sql {
  const sql = postgres(engine.url, { onnotice: () => {}, ...options })
  // At once: a stream that nobody reads any more would hold it up.
  onTestFinished(() => sql.end({ timeout: 0 }))
  return sql
}

/** Gathers the lines of a stream of bytes; ends with the stream. */
function linesOf(stream: Readable): string[] {
  const lines: string[] = []
  let rest = ''
  stream.on('data', (chunk: Buffer) => {
    const parts = (rest + String(chunk)).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
  })
  return lines
}

describe('pg', () => {
  it('binds every kind of parameter, and reads it back', async () => {
    const driver = await client()
    const at = new Date('2026-01-02T03:04:05.678Z')
    const { rows, fields } = await driver.query(
      'select $1::int as i, $2::text as s, $3::jsonb as j, $4::bytea as b, $5::timestamptz as at, $6::text[] as list, $7::text as n',
      [7, 'ü\t\n\\', { a: [1, null] }, Buffer.from([0, 255]), at, ['x', 'y,z', null], null],
    )
    expect(rows).toEqual([
      {
        i: 7,
        s: 'ü\t\n\\',
        j: { a: [1, null] },
        b: Buffer.from([0, 255]),
        at,
        list: ['x', 'y,z', null],
        n: null,
      },
    ])
    expect(fields.map(field => field.name)).toEqual(['i', 's', 'j', 'b', 'at', 'list', 'n'])
  })

  it('goes on after an error, in a statement, a prepared one and a transaction', async () => {
    const driver = await client()
    await expect(driver.query('select nonsense')).rejects.toMatchObject({ code: '42703' })
    await expect(driver.query('select 1 / $1::int as x', [0])).rejects.toMatchObject({ code: '22012' })
    await expect(driver.query({ name: 'p', text: 'select 1 / $1::int', values: [0] })).rejects.toMatchObject({
      code: '22012',
    })
    await driver.query('begin')
    await expect(driver.query('select nonsense')).rejects.toMatchObject({ code: '42703' })
    await expect(driver.query('select 1')).rejects.toMatchObject({ code: '25P02' })
    await driver.query('rollback')
    expect((await driver.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  it('sends many queries at once, and gets the answers in order', async () => {
    const driver = await client()
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => driver.query('select $1::int as i', [i])),
    )
    expect(answers.map(({ rows }) => rows[0].i)).toEqual(Array.from({ length: 200 }, (_, i) => i))
  })

  it('runs several statements in one text, as one transaction', async () => {
    const driver = await client()
    const results = (await driver.query('select 1 as a; select 2 as b')) as unknown as pg.QueryResult[]
    expect(results.map(({ rows }) => rows)).toEqual([[{ a: 1 }], [{ b: 2 }]])
    await driver.query('create table whole (x int)')
    await expect(
      driver.query('insert into whole values (1); insert into nowhere values (1)'),
    ).rejects.toMatchObject({ code: '42P01' })
    expect((await driver.query('select * from whole')).rows).toEqual([])
  })
})

describe('pg-copy-streams', () => {
  it('loads what is sent, and a stream shows it at one timestamp', async () => {
    await engine.execute('create table loaded (id int, s text)')
    const stream = await OpenStream.accepted(engine.port, 'copy (subscribe loaded with (progress)) to stdout')
    onTestFinished(() => stream.client.destroy())
    const driver = await client()
    const sink = driver.query(from('copy loaded from stdin'))
    async function* lines(): AsyncGenerator<string> {
      for (let i = 0; i < 20_000; i++) yield `${i}\tline ${i} \\\\ ü\n`
    }
    await pipeline(lines(), sink)
    expect(sink.rowCount).toBe(20_000)
    await until(() => stream.changes.length === 20_000, 'all rows')
    expect(new Set(stream.changes.map(row => row.timestamp)).size).toBe(1)
    expect((await driver.query('select count(*)::int as n, max(s) as s from loaded')).rows).toEqual([
      { n: 20_000, s: 'line 9999 \\ ü' },
    ])
  })

  it('is told what is wrong with what it loads, and nothing of it is there', async () => {
    await engine.execute('create table strict (id int)')
    const driver = await client()
    const bad = driver.query(from('copy strict from stdin'))
    await expect(pipeline(['1\n', 'not a number\n'], bad)).rejects.toMatchObject({ code: '22P02' })
    const missing = driver.query(from('copy nowhere from stdin'))
    await expect(pipeline(['1\n'], missing)).rejects.toMatchObject({ code: '42P01' })
    expect((await driver.query('select * from strict')).rows).toEqual([])
  })

  it('gives up a load, and nothing of it is there', async () => {
    await engine.execute('create table abandoned (id int)')
    const driver = await client()
    const sink = driver.query(from('copy abandoned from stdin'))
    sink.on('error', () => {})
    sink.write('1\n')
    sink.destroy(new Error('enough'))
    expect((await driver.query('select * from abandoned')).rows).toEqual([])
  })

  it('reads a table and a query', async () => {
    const driver = await client()
    const source = driver.query(to("copy (select g, 'x' || g from generate_series(1, 20000) g) to stdout"))
    const lines = linesOf(source)
    await once(source, 'end')
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([20_000, '1\tx1', '20000\tx20000'])
    expect((await driver.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  it('reads a stream for as long as it wants', async () => {
    await engine.execute('create table watched (x int); insert into watched values (1)')
    const driver = await client()
    const source = driver.query(to('copy (subscribe watched with (progress)) to stdout'))
    source.on('error', () => {})
    const lines = linesOf(source)
    await until(() => lines.some(line => line.endsWith('\tf\t1\t1')), 'the snapshot')
    await engine.execute('insert into watched values (2)')
    await until(() => lines.some(line => line.endsWith('\tf\t1\t2')), 'the change')
  })
})

describe('postgres.js', () => {
  it('runs simple, prepared and unsafe statements', async () => {
    const sql = sqlClient()
    expect(await sql.unsafe('select 1 as a; select 2 as b').simple()).toMatchObject([[{ a: 1 }], [{ b: 2 }]])
    for (let i = 0; i < 20; i++) {
      expect(await sql`select ${i}::int as i, ${sql.json({ i })}::jsonb as doc`).toEqual([{ i, doc: { i } }])
    }
    await expect(sql`select * from nowhere`).rejects.toMatchObject({ code: '42P01' })
    const described = await sql`select 1 as a, 'x'::text as b`.describe()
    expect(described.columns.map(column => [column.name, column.type])).toEqual([
      ['a', 23],
      ['b', 25],
    ])
  })

  it('reads by cursor, a page at a time, and stops in the middle', async () => {
    const sql = sqlClient()
    const pages: number[] = []
    for await (const rows of sql`select g from generate_series(1, 1000) g`.cursor(100))
      pages.push(rows.length)
    expect(pages).toEqual(Array<number>(10).fill(100))
    let seen = 0
    for await (const rows of sql`select g from generate_series(1, 1000) g`.cursor(10)) {
      seen += rows.length
      if (seen >= 30) break
    }
    expect(seen).toBe(30)
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }])
  })

  it('uses its connections at once: transactions, savepoints, errors', async () => {
    await engine.execute('create table pooled (x int)')
    const sql = sqlClient({ max: 5 })
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        sql
          .begin(async transaction => {
            await transaction`insert into pooled values (${i})`
            await transaction
              .savepoint(async inner => {
                await inner`insert into pooled values (${i + 1000})`
                throw new Error('undone')
              })
              .catch(() => {})
            if (i % 4 === 0) throw new Error('rolled back')
          })
          .catch(() => {}),
      ),
    )
    const rows = await sql`select count(*)::int as n, max(x)::int as top from pooled`
    expect(rows).toEqual([{ n: 15, top: 19 }])
  })

  it('loads by .writable() and reads by .readable(), a table and a stream', async () => {
    await engine.execute('create table piped (x int)')
    const sql = sqlClient({ max: 2 })
    const sink = await sql`copy piped from stdin`.writable()
    await pipeline(['1\n', '2\n', '3\n'], sink)
    const source = await sql`copy piped to stdout`.readable()
    const lines = linesOf(source)
    await once(source, 'end')
    expect(lines).toEqual(['1', '2', '3'])
    const stream = await sql`copy (subscribe piped with (progress)) to stdout`.readable()
    stream.on('error', () => {})
    const streamed = linesOf(stream)
    await until(() => streamed.filter(line => line.includes('\tf\t1\t')).length === 3, 'the snapshot')
    await engine.execute('insert into piped values (4)')
    await until(() => streamed.some(line => line.endsWith('\tf\t1\t4')), 'the change')
    stream.destroy()
  })
})

describe('five clients at once', () => {
  it('L2: interleave transactions while streams go on, and every sum is right', async () => {
    await engine.execute(`
      create table entries (client int, amount int);
      create view balance as select client, sum(amount)::int as amount, count(*)::int as n from entries group by client`)
    const stream = await OpenStream.accepted(
      engine.port,
      'copy (subscribe balance with (progress)) to stdout',
    )
    onTestFinished(() => stream.client.destroy())
    const wholes = tail<{ client: number; amount: number }>('balance', { connection: engine.url })
    const live = wholes.collection()
    onTestFinished(() => live.close())
    const clients = await Promise.all(Array.from({ length: 5 }, client))
    await Promise.all(
      clients.map(async (each, c) => {
        for (let i = 0; i < 25; i++) {
          await each.query('begin')
          await each.query({ name: 'put', text: 'insert into entries values ($1, $2)', values: [c, 10] })
          await each.query({ name: 'put', text: 'insert into entries values ($1, $2)', values: [c, -9] })
          await each.query(i % 5 === 4 ? 'rollback' : 'commit')
        }
      }),
    )
    await stream.shows(...clients.map((_, c) => `${c}\t20\t40`))
    // What was rolled back, or half done, never showed: every sum is the count's half.
    for (const { line } of stream.changes) {
      const [, amount, n] = line.split('\t').map(Number)
      expect(amount).toBe((n ?? 0) / 2)
    }
    await until(
      () => live.rows().every(row => row.amount === 20) && live.rows().length === 5,
      'the collection',
    )
  })

  it('L4: one forgets its transaction: it is rolled back, the others and the streams go on', async () => {
    await engine.execute('create table shared_by_all (x int)')
    const stream = await OpenStream.accepted(
      engine.port,
      'copy (subscribe shared_by_all with (progress)) to stdout',
    )
    onTestFinished(() => stream.client.destroy())
    const [idler, ...others] = await Promise.all(Array.from({ length: 5 }, client))
    const ended = new Promise<Error>(resolve => idler?.on('error', resolve))
    await idler?.query('begin')
    await idler?.query('insert into shared_by_all values (666)')
    await Promise.all(others.map((other, i) => other.query('insert into shared_by_all values ($1)', [i])))
    expect(await ended).toMatchObject({ code: '25P03' })
    await stream.shows('0', '1', '2', '3')
    expect(stream.changes.map(row => row.line)).not.toContain('666')
  })
})
