import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Engine } from '@mzalert/local-engine'
import { EngineError } from '@mzalert/local-engine'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { engineFor, type TestEngine } from '../support/engine.js'
import { readDataRowFor } from '../support/extended.js'
import { PostgresServer } from '../support/postgres.js'
import { cancel, errorsOf, RawClient, tagsOf } from '../support/raw-client.js'
import { OpenStream, type StreamRow } from '../support/stream.js'
import { until } from '../support/wait.js'

let server: PostgresServer
let engine: TestEngine
/** Writes to the database without the engine's knowing. */
let outside: pg.Client

beforeAll(async () => {
  server = await PostgresServer.start()
  outside = await server.client()
  engine = await engineFor({ postgres: server.url })
})

afterAll(async () => {
  await outside.end()
  await engine.close()
  await server.stop()
})

async function connect(to: Engine = engine): Promise<RawClient> {
  const client = await RawClient.connect(to.port)
  onTestFinished(() => client.destroy())
  return client
}

async function open(sql: string): Promise<OpenStream> {
  const stream = new OpenStream(await connect(), sql)
  await stream.has('H')
  return stream
}

describe('a stream over a database that one already has', () => {
  it('shows what was there, and what others commit', async () => {
    await outside.query('create table t (x int, s text); insert into t values (1, $$a\tb$$), (2, null)')
    const stream = await open('copy (subscribe t with (progress)) to stdout')
    await stream.shows('1\ta\\tb', '2\t\\N')
    await outside.query("insert into t values (3, 'c')")
    await stream.shows('1\ta\\tb', '2\t\\N', '3\tc')
    await outside.query('begin')
    await outside.query('delete from t')
    await stream.settled()
    expect(stream.changes.filter(row => row.diff < 0)).toEqual([])
    await outside.query('commit')
    await stream.shows()
  })

  it('L3: shows views of several tables at one moment, however the writers interleave', async () => {
    await outside.query(`
      create table debit (n int); create table credit (n int);
      insert into debit values (0); insert into credit values (0);
      create view net as select (select sum(n) from debit) - (select sum(n) from credit) as n;
      create view debits as select sum(n) as n from debit; create view credits as select sum(n) as n from credit`)
    const views = ['net', 'debits', 'credits']
    const [net, debits, credits] = await Promise.all(
      views.map(view => open(`copy (subscribe ${view} with (progress)) to stdout`)),
    )
    const writers = await Promise.all([1, 2, 3].map(() => server.client()))
    await Promise.all(
      writers.map(async writer => {
        // Until the views have been looked at often enough in the middle of it.
        while ((debits?.changes.length ?? 0) < 40) {
          await writer.query('begin; insert into debit values (1)')
          await writer.query('insert into credit values (1); commit')
        }
        await writer.end()
      }),
    )
    await net?.settled()
    expect(net?.changes.map(row => row.line)).toEqual(['0'])
    // Both changed with every transaction: the same sums at the same timestamps, once both were there.
    await debits?.settled()
    await credits?.settled()
    const starts = [debits, credits].map(stream => Number(stream?.changes[0]?.timestamp))
    const since = Math.max(...starts)
    const later = (stream?: OpenStream): StreamRow[] =>
      (stream?.changes ?? []).filter(row => row.timestamp > since)
    expect(later(debits).length).toBeGreaterThan(10)
    expect(later(debits)).toEqual(later(credits))
  })

  it('follows time, by mz_now() and by now()', async () => {
    await outside.query(`
      create table due (at_ms bigint);
      create view waiting as select at_ms from due where mz_catalog.mz_now() < at_ms;
      create view waiting_by_clock as select at_ms from due where now() < to_timestamp(at_ms / 1000.0)`)
    const streams = await Promise.all([
      open('copy (subscribe waiting with (progress)) to stdout'),
      open('copy (subscribe waiting_by_clock with (progress)) to stdout'),
      open('copy (subscribe (select at_ms from due where mz_now() < at_ms) with (progress)) to stdout'),
    ])
    const atMs = Date.now() + 1500
    await outside.query(`insert into due values (${atMs})`)
    for (const stream of streams) {
      await until(() => stream.changes.length > 1, 'the row to come and go')
      const [come, gone] = stream.changes
      expect([come?.diff, gone?.diff]).toEqual([1, -1])
      expect(Number(gone?.timestamp)).toBeGreaterThanOrEqual(atMs)
    }
  })

  it('ends when its table is dropped, and the others go on', async () => {
    await outside.query('create table short_lived (x int); create table long_lived (x int)')
    const [short, long] = await Promise.all([
      open('copy (subscribe short_lived with (progress)) to stdout'),
      open('copy (subscribe long_lived with (progress)) to stdout'),
    ])
    await outside.query('drop table short_lived')
    await short.has('Z')
    expect(errorsOf(short.frames)).toMatchObject([
      {
        code: 'XX000',
        message:
          'subscribe has been terminated because underlying relation "postgres.public.short_lived" was dropped',
      },
    ])
    await outside.query('insert into long_lived values (1)')
    await long.shows('1')
  })

  it('L6: waits while another session locks its table, and the others do not', async () => {
    await outside.query('create table locked (x int); create table free (x int)')
    const [locked, free] = await Promise.all([
      open('copy (subscribe locked with (progress)) to stdout'),
      open('copy (subscribe free with (progress)) to stdout'),
    ])
    await locked.settled()
    const locker = await server.client()
    await locker.query('begin; lock table locked; insert into locked values (1)')
    await outside.query('insert into free values (1)')
    await free.shows('1')
    await until(
      () => engine.events.some(event => event.type === 'evaluation-failed' && event.sqlState === '55P03'),
      'the engine to say so',
    )
    await locker.query('commit')
    await locked.shows('1')
    await locker.end()
  })

  it('L5: resumes AS OF, with a history', async () => {
    await using other = await engineFor({ postgres: server.url, historyMs: 60_000 })
    await outside.query('create table kept (x int)')
    const first = new OpenStream(await connect(other), 'copy (subscribe kept with (progress)) to stdout')
    await first.settled()
    const asOf = first.rows.at(-1)?.timestamp ?? 0n
    first.client.destroy()
    await outside.query('insert into kept values (1)')
    const sql = `copy (subscribe kept with (progress, snapshot = false) as of ${asOf - 1n}) to stdout`
    const second = new OpenStream(await connect(other), sql)
    await second.shows('1')
  })
})

describe('what the engine does to the database', () => {
  it('is a schema of its own and nothing else, made once by however many engines', async () => {
    const url = await server.database('untouched')
    const client = new pg.Client(url)
    await client.connect()
    onTestFinished(() => client.end())
    const objects = `select nspname || '.' || name as name from (
        select relnamespace as schema, relname as name from pg_class union all
        select pronamespace, proname from pg_proc) as everything
      join pg_namespace n on n.oid = schema where n.nspname !~ '^(pg_|information_schema)' order by 1`
    const engines = await Promise.all([1, 2, 3].map(() => engineFor({ postgres: url })))
    const names = (await client.query(objects)).rows.map(row => row.name)
    expect(names).toEqual(['mz_catalog.mz_logical_timestamp', 'mz_catalog.mz_now', 'mz_catalog.mz_version'])
    await Promise.all(engines.map(each => each.close()))
    const left = 'select count(*)::int as n from pg_stat_activity where datname = current_database()'
    await until(async () => (await client.query(left)).rows[0].n === 1, 'its sessions to be gone')
  })

  it('is to delete what is old, if it is asked to', async () => {
    const nowMs = Date.now()
    await outside.query(`create table aging (at_ms bigint);
      insert into aging select ${nowMs - 100_000} from generate_series(1, 3000);
      insert into aging values (${nowMs + 1_000_000})`)
    const retain = [{ table: 'aging', timestampMs: 'at_ms', forMs: 60_000 }]
    await using pruning = await engineFor({ postgres: server.url, retain })
    const stream = new OpenStream(await connect(pruning), 'copy (subscribe aging with (progress)) to stdout')
    await stream.shows(String(nowMs + 1_000_000))
    expect((await outside.query('select count(*)::int as n from aging')).rows).toEqual([{ n: 1 }])
  })
})

describe('mzalert-engine --postgres', () => {
  it('says its URL and no password, streams, and ends on SIGTERM', async () => {
    await outside.query('create table by_bin (x int); insert into by_bin values (7)')
    const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
    const { password } = new URL(server.url)
    const url = server.url.replace(`:${password}@`, '@')
    const env = { ...process.env, PGPASSWORD: decodeURIComponent(password) }
    const child = spawn(process.execPath, [program, '--port', '0', '--postgres', url], { env })
    let said = ''
    child.stdout.on('data', chunk => {
      said += String(chunk)
    })
    const ended = new Promise(resolve => child.on('close', resolve))
    const [, port = ''] = await until(
      () => /^postgres:\/\/materialize@127\.0\.0\.1:(\d+)\/materialize\n$/.exec(said) ?? undefined,
      'the URL',
    )
    const stream = await OpenStream.accepted(
      Number(port),
      'copy (subscribe by_bin with (progress)) to stdout',
    )
    await stream.shows('7')
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })
})

describe('statements of clients', () => {
  it('are passed through, each client with a session of its own', async () => {
    const [one, two] = [await connect(), await connect()]
    await one.query('create temp table mine (x int); insert into mine values (1)')
    expect(readDataRowFor(await one.query('select x from mine'))).toEqual(['1'])
    expect(errorsOf(await two.query('select x from mine'))).toMatchObject([{ code: '42P01' }])
    await one.query("prepare p as select 'prepared'")
    expect(readDataRowFor(await one.query('execute p'))).toEqual(['prepared'])
    expect(tagsOf(await one.query('select pg_advisory_lock(1)'))).toEqual(['SELECT 1'])
    expect(errorsOf(await one.query('listen news'))).toMatchObject([{ code: '0A000' }])
    expect(readDataRowFor(await one.query('select mz_version()'))?.[0]).toMatch(/^v0\.147.*local engine/)
    expect(readDataRowFor(await one.query('show cluster'))).toEqual(['quickstart'])
  })

  it('L4: an open transaction holds nobody up, and no stream', async () => {
    await outside.query('create table busy (x int)')
    const stream = await open('copy (subscribe busy with (progress)) to stdout')
    const holder = await connect()
    await holder.query('begin; insert into busy values (1)')
    const other = await connect()
    expect(tagsOf(await other.query('insert into busy values (2)'))).toEqual(['INSERT 0 1'])
    await stream.shows('2')
    await holder.query('commit')
    await stream.shows('1', '2')
  })

  it('are canceled while they run', async () => {
    const sleeper = await connect()
    const answer = sleeper.query('select pg_sleep(60)')
    await until(async () => {
      await cancel(engine.port, sleeper)
      return sleeper.frames.some(frame => frame.type === 'E')
    }, 'the cancellation')
    expect(errorsOf(await answer)).toMatchObject([{ code: '57014' }])
    expect(tagsOf(await sleeper.query('select 1'))).toEqual(['SELECT 1'])
  })

  it('work with a driver: parameters, prepared statements, transactions, large answers, COPY', async () => {
    const client = new pg.Client(engine.url)
    await client.connect()
    onTestFinished(() => client.end())
    await client.query('create table driven (id int primary key, doc jsonb)')
    for (let i = 0; i < 50; i++) {
      await client.query({ name: 'put', text: 'insert into driven values ($1, $2)', values: [i, { i }] })
    }
    await client.query('begin')
    await client.query('delete from driven')
    await client.query('rollback')
    expect((await client.query('select count(*)::int as n from driven')).rows).toEqual([{ n: 50 }])
    const { rows } = await client.query("select repeat('x', 1000) as x from generate_series(1, 20000)")
    expect(rows).toHaveLength(20_000)
    await expect(client.query('select 1 / 0')).rejects.toMatchObject({ code: '22012' })
  })

  it('a session that the server ends is ended for its client too', async () => {
    const victim = await connect()
    const [pid] = readDataRowFor(await victim.query('select pg_backend_pid()')) ?? []
    await outside.query(`select pg_terminate_backend(${pid})`)
    await until(() => victim.ended, 'the end of the connection')
  })
})

describe('a server that wants TLS and a password', () => {
  it('is streamed, and what runs there is canceled', async () => {
    const encrypted = await PostgresServer.start({ tls: true })
    onTestFinished(() => encrypted.stop())
    await using over = await engineFor({ postgres: encrypted.url })
    const client = await connect(over)
    const sql = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()'
    expect(readDataRowFor(await client.query(sql))).toEqual(['t'])
    await client.query('create table secret (x int); insert into secret values (1)')
    const stream = new OpenStream(await connect(over), 'copy (subscribe secret with (progress)) to stdout')
    await stream.shows('1')
    const answer = client.query('select pg_sleep(60)')
    await until(async () => {
      await cancel(over.port, client)
      return client.frames.some(frame => frame.type === 'E')
    }, 'the cancellation')
    expect(errorsOf(await answer)).toMatchObject([{ code: '57014' }])
  })
})

describe('a server that goes away', () => {
  it.each(['SIGINT', 'SIGQUIT'] as const)(
    'L6: by %s and comes back: streams go on, nothing is lost',
    async signal => {
      await outside.query('create table if not exists survivor (x int); truncate survivor')
      const stream = await open('copy (subscribe survivor with (progress)) to stdout')
      await outside.query('insert into survivor values (1)')
      await stream.shows('1')
      const clients = [await connect(), await connect()]
      const before = engine.events.length
      await server.down(signal)
      await until(() => clients.every(client => client.ended), 'the clients to be disconnected')
      await until(
        () => engine.events.slice(before).some(({ type }) => type === 'database-lost'),
        'the report',
      )
      await server.up()
      outside = await server.client()
      await outside.query('insert into survivor values (2)')
      const again = await OpenStream.accepted(
        engine.port,
        'copy (subscribe survivor with (progress)) to stdout',
      )
      await again.shows('1', '2')
      again.client.destroy()
      await until(
        () => engine.events.slice(before).some(({ type }) => type === 'database-recovered'),
        'the recovery',
      )
    },
  )

  it('is refused at the start, in one line', async () => {
    const nowhere = server.url.replace(String(server.port), '1')
    const thrown = await engineFor({ postgres: nowhere }).catch((error: unknown) => error)
    expect(EngineError.is(thrown) && thrown.code).toBe('START_FAILED')
    expect(String(thrown)).toContain('ECONNREFUSED')
    const wrong = await engineFor({ postgres: 'mysql://x' }).catch((error: unknown) => error)
    expect(EngineError.is(wrong) && wrong.code).toBe('INVALID_OPTION')
    const bad = await engineFor({ postgres: server.url.replace(/:[^:@]*@/, ':wrong@') }).catch(
      (error: unknown) => error,
    )
    expect(String(bad)).toContain('password authentication failed')
    expect(String(bad)).not.toContain('wrong@')
  })
})
