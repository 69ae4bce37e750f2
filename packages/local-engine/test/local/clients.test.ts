import { connect } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { query } from '../../src/wire/frontend.js'
import { engineFor, type TestEngine } from '../support/engine.js'
import { bind, flush, parse, readDataRowFor, sync, target } from '../support/extended.js'
import { cancel, errorsOf, RawClient, startup, tagsOf, untyped } from '../support/raw-client.js'
import { until } from '../support/wait.js'

let engine: TestEngine

beforeAll(async () => {
  engine = await engineFor()
})

afterAll(() => engine.close())

async function client(): Promise<pg.Client> {
  const connected = new pg.Client(engine.url)
  await connected.connect()
  return connected
}

describe('connecting', () => {
  it('a client that asks for encryption is told no and may go on in the clear', async () => {
    const socket = connect(engine.port, '127.0.0.1')
    const received: Buffer[] = []
    socket.on('data', chunk => received.push(chunk))
    for (const code of [80877103, 80877104]) {
      const before = received.length
      socket.write(untyped(body => body.int32(code)))
      await until(() => received.length > before, 'an answer')
      expect(received.at(-1)?.toString()).toBe('N')
    }
    socket.write(startup({ user: 'materialize' }))
    await until(() => Buffer.concat(received).includes('mz_version'), 'a login')
    socket.destroy()
  })

  it('session settings that PostgreSQL does not know do not break the login', async () => {
    const raw = await RawClient.connect(engine.port, {
      cluster: 'alerts',
      welcome_message: 'off',
      transaction_isolation: 'strict serializable',
      no_such_setting: '1',
      TimeZone: 'Asia/Tokyo',
      options: '-c search_path=elsewhere --statement-timeout=5s -c also_unknown=1',
    })
    const show = async (name: string): Promise<string | null | undefined> =>
      readDataRowFor(await raw.query(`show ${name}`))?.[0]
    expect(await show('cluster')).toBe('alerts')
    expect(await show('TimeZone')).toBe('Asia/Tokyo')
    expect(await show('search_path')).toBe('elsewhere')
    expect(await show('statement_timeout')).toBe('5s')
    raw.destroy()
  })

  it('every client has its own process number and secret', async () => {
    const clients = await Promise.all([1, 2, 3].map(() => RawClient.connect(engine.port)))
    expect(new Set(clients.map(each => each.pid)).size).toBe(3)
    expect(new Set(clients.map(each => each.secret)).size).toBe(3)
    for (const each of clients) each.destroy()
  })

  it('the generation is told at login by SUBSCRIBE, and by mz_version() of TAIL', async () => {
    const raw = await RawClient.connect(engine.port)
    const statuses = raw.frames.filter(frame => frame.type === 'S').map(frame => frame.body.toString())
    expect(statuses).toContain('mz_version\0v0.147.0-dev (local engine)\0')
    const tail = await engineFor({ generation: 'tail' })
    const old = await RawClient.connect(tail.port)
    expect(old.frames.filter(frame => frame.body.includes('mz_version'))).toEqual([])
    expect(readDataRowFor(await old.query('select mz_version()'))?.[0]).toMatch(/^v0\.26\.1-dev/)
    await tail.close()
    raw.destroy()
  })

  it('bytes that are not the protocol end the connection with a reason, and nothing else', async () => {
    const raw = await RawClient.connect(engine.port)
    raw.write(Buffer.from('Q\0\0\0\x01'))
    await until(() => raw.ended, 'the end')
    expect(errorsOf(raw.frames)).toMatchObject([{ severity: 'FATAL', code: '08P01' }])
    const other = await RawClient.connect(engine.port)
    expect(tagsOf(await other.query('select 1'))).toEqual(['SELECT 1'])
    other.destroy()
  })
})

describe('several clients at once', () => {
  it('L4: five clients with prepared statements of the same name get each their own answers', async () => {
    const clients = await Promise.all(Array.from({ length: 5 }, client))
    const answers = await Promise.all(
      clients.map(async (each, c) => {
        const got: string[] = []
        for (let i = 0; i < 100; i++) {
          const text = `select ${c}::int as client, $1::int as i`
          const { rows } = await each.query({ name: 'same', text, values: [i] })
          got.push(`${rows[0].client}/${rows[0].i}`)
        }
        return got
      }),
    )
    expect(answers).toEqual(clients.map((_, c) => Array.from({ length: 100 }, (_, i) => `${c}/${i}`)))
    await Promise.all(clients.map(each => each.end()))
  })

  it('L4: five clients with transactions never see each other half done', async () => {
    await engine.execute(
      'create table accounts (id int primary key, amount int); insert into accounts values (1, 0), (2, 0)',
    )
    const clients = await Promise.all(Array.from({ length: 5 }, client))
    await Promise.all(
      clients.map(async (each, c) => {
        for (let i = 0; i < 20; i++) {
          await each.query('begin')
          await each.query('update accounts set amount = amount + $1 where id = 1', [c])
          await each.query('update accounts set amount = amount - $1 where id = 2', [c])
          const { rows } = await each.query('select sum(amount)::int as sum from accounts')
          expect(rows).toEqual([{ sum: 0 }])
          await each.query(i % 2 === 0 ? 'commit' : 'rollback')
        }
      }),
    )
    const [first] = clients
    expect((await first?.query('select amount from accounts order by id'))?.rows).toEqual([
      { amount: 100 },
      { amount: -100 },
    ])
    await Promise.all(clients.map(each => each.end()))
  })

  it('a client that flushes without Sync keeps its turn, and the others wait for it', async () => {
    const [one, two] = await Promise.all([RawClient.connect(engine.port), RawClient.connect(engine.port)])
    one.write(parse('', "select 'one'"), flush)
    await one.answer('1')
    two.write(parse('', "select 'two'"), flush)
    one.write(bind('', ''), target('E'), sync)
    expect(readDataRowFor(await one.answer())?.[0]).toBe('one')
    await two.answer('1')
    two.write(bind('', ''), target('E'), sync)
    expect(readDataRowFor(await two.answer())?.[0]).toBe('two')
    one.destroy()
    two.destroy()
  })

  it('an unnamed statement lives from Parse to the next Parse, whatever other clients do', async () => {
    const [one, two] = await Promise.all([RawClient.connect(engine.port), RawClient.connect(engine.port)])
    one.write(parse('', "select 'one'"), sync)
    expect((await one.answer()).map(frame => frame.type)).toEqual(['1', 'Z'])
    await two.query('select 1')
    two.write(parse('', "select 'two'"), sync)
    await two.answer()
    one.write(bind('', ''), target('E'), sync)
    expect(readDataRowFor(await one.answer())?.[0]).toBe('one')
    one.write(parse('', "select 'again'"), bind('', ''), target('E'), sync)
    const again = await one.answer()
    expect(again.map(frame => frame.type)).toEqual(['1', '2', 'D', 'C', 'Z'])
    one.destroy()
    two.destroy()
  })

  it('errors name the statement as the client named it', async () => {
    const raw = await RawClient.connect(engine.port)
    raw.write(bind('', 'never parsed'), sync)
    expect(errorsOf(await raw.answer())).toMatchObject([
      { code: '26000', message: 'prepared statement "never parsed" does not exist' },
    ])
    raw.destroy()
  })

  it('a very long name of a statement is told from another that begins like it', async () => {
    const raw = await RawClient.connect(engine.port)
    const long = 'x'.repeat(80)
    raw.write(parse(`${long}1`, 'select 1'), parse(`${long}2`, 'select 2'), sync)
    await raw.answer()
    raw.write(bind('', `${long}1`), target('E'), bind('', `${long}2`), target('E'), sync)
    const rows = (await raw.answer())
      .filter(frame => frame.type === 'D')
      .map(frame => readDataRowFor([frame])?.[0])
    expect(rows).toEqual(['1', '2'])
    raw.destroy()
  })

  it('a client keeps its own settings, and a stream is written in none of them', async () => {
    await engine.execute(
      "create table moments (at timestamptz); insert into moments values ('2026-01-01 00:00:00+00')",
    )
    const [tokyo, plain] = await Promise.all([client(), client()])
    await tokyo.query("set timezone = 'Asia/Tokyo'")
    await tokyo.query("select set_config('datestyle', 'German', false)")
    await plain.query('select 1')
    const text = 'select at::text from moments'
    expect((await tokyo.query(text)).rows).toEqual([{ at: '01.01.2026 09:00:00 JST' }])
    expect((await plain.query(text)).rows).toEqual([{ at: '2026-01-01 00:00:00+00' }])
    await tokyo.query('begin; set local timezone = utc; rollback')
    expect((await tokyo.query(text)).rows).toEqual([{ at: '01.01.2026 09:00:00 JST' }])
    await tokyo.query('reset all')
    expect((await tokyo.query(text)).rows).toEqual([{ at: '2026-01-01 00:00:00+00' }])
    await Promise.all([tokyo.end(), plain.end()])
  })

  it("a client's statements are gone from the session when it leaves", async () => {
    const leaver = await client()
    await leaver.query({ name: 'kept', text: 'select 1' })
    await leaver.end()
    const stayer = await client()
    const left = async (): Promise<boolean> =>
      (await stayer.query("select from pg_prepared_statements where name like '%kept'")).rows.length === 0
    await until(left, 'the statement to be closed')
    await stayer.end()
  })

  it('an answer larger than the socket takes arrives whole', async () => {
    const reader = await client()
    const { rows } = await reader.query("select repeat('x', 1000) as x from generate_series(1, 20000)")
    expect(rows).toHaveLength(20000)
    await reader.end()
  })
})

describe('statements that are too much', () => {
  it('fail, and the engine goes on', async () => {
    const raw = await RawClient.connect(engine.port)
    for (const terms of [20_000, 60_000]) {
      expect(errorsOf(await raw.query(`select 1${'+1'.repeat(terms)}`))).toMatchObject([{ code: '54001' }])
    }
    expect(tagsOf(await raw.query('select 1'))).toEqual(['SELECT 1'])
    raw.destroy()
  })
})

describe('canceling', () => {
  it('a statement that waits behind a transaction is taken out of the line', async () => {
    const holder = await RawClient.connect(engine.port)
    await holder.query('begin')
    const waiter = await RawClient.connect(engine.port)
    waiter.write(query('select 1'))
    // The cancel request may overtake the statement; it is repeated until it meets it.
    await until(async () => {
      await cancel(engine.port, waiter)
      return waiter.frames.some(frame => frame.type === 'E')
    }, 'the cancellation')
    expect(errorsOf(await waiter.answer())).toMatchObject([{ code: '57014' }])
    await holder.query('commit')
    expect(tagsOf(await waiter.query('select 1'))).toEqual(['SELECT 1'])
    holder.destroy()
    waiter.destroy()
  })
})

describe('transactions', () => {
  it('a transaction that its client leaves open is rolled back when it disconnects', async () => {
    await engine.execute('create table left_open (x int)')
    const leaver = await RawClient.connect(engine.port)
    await leaver.query('begin; insert into left_open values (1)')
    leaver.destroy()
    const other = await RawClient.connect(engine.port)
    expect(readDataRowFor(await other.query('select count(*) from left_open'))?.[0]).toBe('0')
    other.destroy()
  })

  it('L4: a transaction that its client forgets is rolled back, and the others go on', async () => {
    await engine.execute('create table forgotten (x int)')
    const idler = await RawClient.connect(engine.port)
    await idler.query('begin; insert into forgotten values (1)')
    const other = await RawClient.connect(engine.port)
    expect(readDataRowFor(await other.query('select count(*) from forgotten'))?.[0]).toBe('0')
    await until(() => idler.ended, 'the disconnection')
    expect(errorsOf(idler.frames)).toEqual([
      {
        severity: 'FATAL',
        code: '25P03',
        message: 'terminating connection due to idle-in-transaction timeout',
      },
    ])
    expect(engine.events).toContainEqual({ type: 'transaction-timed-out', pid: idler.pid })
    other.destroy()
  })

  it('an error of the engine fails the transaction that it happens in', async () => {
    const raw = await RawClient.connect(engine.port)
    await raw.query('begin')
    const answer = await raw.query('copy (tail x) to stdout')
    expect(errorsOf(answer)).toMatchObject([{ code: '42601' }])
    expect(answer.at(-1)?.body.toString()).toBe('E')
    expect(tagsOf(await raw.query('commit'))).toEqual(['ROLLBACK'])
    raw.destroy()
  })
})

describe('the words of Materialize', () => {
  it('a materialized view is a view that is always current', async () => {
    const raw = await RawClient.connect(engine.port)
    const answer = await raw.query(
      'create table base (x int); create materialized view doubled in cluster quickstart as select x * 2 as y from base; select 1',
    )
    expect(tagsOf(answer)).toEqual(['CREATE TABLE', 'CREATE MATERIALIZED VIEW', 'SELECT 1'])
    await raw.query('insert into base values (21)')
    expect(readDataRowFor(await raw.query('select * from doubled'))?.[0]).toBe('42')
    expect(tagsOf(await raw.query('create default index on doubled'))).toEqual(['CREATE INDEX'])
    expect(tagsOf(await raw.query('drop materialized view doubled'))).toEqual(['DROP MATERIALIZED VIEW'])
    raw.destroy()
  })

  it('the database is called materialize', async () => {
    const raw = await RawClient.connect(engine.port)
    await raw.query('create table here (x int)')
    expect(tagsOf(await raw.query('select * from materialize.public.here'))).toEqual(['SELECT 0'])
    expect(tagsOf(await raw.query('set cluster = other; set session cluster to third'))).toEqual([
      'SET',
      'SET',
    ])
    expect(readDataRowFor(await raw.query('show cluster'))?.[0]).toBe('third')
    raw.destroy()
  })
})
