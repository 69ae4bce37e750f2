import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engineFor, type TestEngine } from '../support/engine.js'
import { bind, parse, readDataRowFor, sync, target } from '../support/extended.js'
import { errorsOf, RawClient, tagsOf } from '../support/raw-client.js'

let engine: TestEngine
let one: RawClient
let two: RawClient

beforeAll(async () => {
  engine = await engineFor()
  await engine.execute('create table t (x int)')
  one = await RawClient.connect(engine.port)
  two = await RawClient.connect(engine.port)
})

afterAll(() => engine.close())

async function shown(client: RawClient, name: string): Promise<string | null | undefined> {
  return readDataRowFor(await client.query(`show ${name}`))?.[0]
}

/** The parameters that a client is told of in an answer. */
async function told(client: RawClient, sql: string): Promise<string[]> {
  const statuses = (await client.query(sql)).filter(frame => frame.type === 'S')
  return statuses.map(frame => frame.body.toString('utf8', 0, frame.body.length - 1).replace('\0', '='))
}

describe('what a client sets', () => {
  it('L9: is its own, and is gone with RESET and DISCARD', async () => {
    for (const [set, name, value, reset] of [
      ["set timezone = 'Asia/Tokyo'", 'timezone', 'Asia/Tokyo', 'reset timezone'],
      ['set search_path = pg_catalog', 'search_path', 'pg_catalog', 'reset all'],
      ['set cluster = other', 'cluster', 'other', 'discard all'],
    ] as const) {
      const before = await shown(two, name)
      await one.query(set)
      expect([await shown(one, name), await shown(two, name)]).toEqual([value, before])
      await one.query(reset)
      expect(await shown(one, name)).toBe(before)
    }
    expect(tagsOf(await one.query('discard all'))).toEqual(['DISCARD ALL'])
  })

  it('is told to it at login, as it set it', async () => {
    const client = await RawClient.connect(engine.port, {
      application_name: 'mine',
      client_encoding: 'utf8',
      cluster: 'other',
      options: '-c timezone=Asia/Tokyo --search_path=pg_catalog',
    })
    const statuses = client.frames.filter(frame => frame.type === 'S')
    const said = Object.fromEntries(statuses.map(({ body }) => body.toString('utf8').split('\0')))
    expect(said).toMatchObject({
      application_name: 'mine',
      client_encoding: 'UTF8',
      cluster: 'other',
      search_path: 'pg_catalog',
      TimeZone: 'Asia/Tokyo',
      DateStyle: 'ISO, MDY',
      database: 'materialize',
    })
    expect(await shown(client, 'timezone')).toBe('Asia/Tokyo')
    client.destroy()
  })

  it('takes its prepared statements with it when it is discarded', async () => {
    const client = await RawClient.connect(engine.port)
    const other = await RawClient.connect(engine.port)
    for (const each of [client, other]) {
      each.write(parse('kept', 'select 1'), parse('streamed', 'subscribe t'), sync)
      await each.answer()
    }
    expect(tagsOf(await client.query('select 1; discard all'))).toEqual(['SELECT 1', 'DISCARD ALL'])
    for (const name of ['kept', 'streamed']) {
      client.write(bind('', name), sync)
      expect(errorsOf(await client.answer())).toMatchObject([{ code: '26000' }])
      other.write(bind('', name), sync)
      expect(errorsOf(await other.answer())).toEqual([])
    }
    client.write(parse('kept', 'select 2'), bind('', 'kept'), target('E'), sync)
    expect(readDataRowFor(await client.answer())).toEqual(['2'])
    client.write(parse('', 'discard all'), bind('', ''), target('E'), bind('', 'kept'), sync)
    const answer = await client.answer()
    expect(tagsOf(answer)).toEqual(['DISCARD ALL'])
    expect(errorsOf(answer)).toMatchObject([{ code: '26000' }])
    client.destroy()
    other.destroy()
  })

  it('L9: is its own under a name of its own, too', async () => {
    const value = async (client: RawClient): Promise<string | null | undefined> =>
      readDataRowFor(await client.query("select coalesce(current_setting('app.tenant', true), '')"))?.[0]
    await one.query("set app.tenant = 'A'")
    expect(await value(two)).toBe('')
    await two.query("select set_config('app.tenant', 'B', false)")
    expect([await value(one), await value(two)]).toEqual(['A', 'B'])
    await one.query('reset all')
    await two.query('begin; reset app.tenant; commit')
    expect([await value(one), await value(two)]).toEqual(['', ''])
  })

  it('L9: is its own when a statement sets it that was prepared before', async () => {
    const client = await RawClient.connect(engine.port)
    const before = await shown(two, 'search_path')
    client.write(parse('sets', "select set_config('search_path', 'pg_catalog', false)"), sync)
    await client.answer()
    client.write(bind('', 'sets'), target('E'), sync)
    await client.answer()
    expect(await shown(two, 'search_path')).toBe(before)
    expect(await shown(client, 'search_path')).toBe('pg_catalog')
    client.destroy()
  })

  it('L9: is its own when a block of code sets it, and a function leaves nothing to others', async () => {
    const before = await shown(two, 'timezone')
    await one.query("do $$ begin set timezone = 'Asia/Tokyo'; end $$")
    expect([await shown(two, 'timezone'), await shown(one, 'timezone')]).toEqual([before, 'Asia/Tokyo'])
    await one.query('reset timezone')
    await one.query(`create function moves() returns void language plpgsql as
      $$ begin set timezone = 'Asia/Tokyo'; set role pg_monitor; end $$`)
    await one.query('select moves()')
    expect(await shown(two, 'timezone')).toBe(before)
    expect(readDataRowFor(await two.query('select current_user'))?.[0]).toBe('postgres')
  })

  it('is told to it as PostgreSQL and Materialize do, and to nobody else', async () => {
    expect(await told(one, "set timezone = 'Asia/Tokyo'")).toEqual(['TimeZone=Asia/Tokyo'])
    expect(await told(one, "set application_name = 'mine'")).toEqual(['application_name=mine'])
    expect(await told(one, 'set cluster = other')).toEqual(['cluster=other'])
    expect(await told(two, 'select 1')).toEqual([])
    expect(await told(one, 'select 1')).toEqual([])
    expect(await told(one, 'reset cluster')).toEqual(['cluster=quickstart'])
    expect(await told(one, 'reset timezone')).toEqual(['TimeZone=UTC'])
  })
})

describe('what PostgreSQL keeps for a session', () => {
  it.each([
    'prepare mine as select 1',
    'execute mine',
    'deallocate all',
    'listen news',
    'create temp table mine (x int)',
    'create or replace temporary view mine as select 1',
    'create local temporary table mine as select 1',
    'create table pg_temp.mine (x int)',
    'select 1 as x into temp mine',
    'select pg_advisory_lock(1)',
    'select pg_try_advisory_lock_shared(1)',
    'set role postgres',
    'set session role postgres',
    "set role = 'postgres'",
    'set session authorization postgres',
    'set session session authorization postgres',
    "set session_authorization = 'postgres'",
    "select set_config('role', 'postgres', false)",
    'declare mine cursor with hold for select 1',
  ])('is refused with a reason: %s', async sql => {
    const [error] = errorsOf(await one.query(sql))
    expect(error?.code).toBe('0A000')
    expect(error?.message).toContain('clients share one session')
    expect(error?.hint).not.toBe('')
  })

  it.each([{ options: '-c role=pg_monitor' }, { role: 'pg_monitor' }])(
    'is refused at login too: %o',
    async parameters => {
      await expect(RawClient.connect(engine.port, parameters)).rejects.toThrow(
        'the connection ended before Z: E',
      )
    },
  )

  it('is kept if it ends with its transaction', async () => {
    const client = await RawClient.connect(engine.port)
    for (const sql of [
      'begin',
      'create temporary table mine (x int) on commit drop',
      'insert into mine values (1)',
      'select pg_advisory_xact_lock(1)',
      'declare each_of cursor for select x from mine',
      'fetch all from each_of',
      'commit',
    ]) {
      expect(errorsOf(await client.query(sql))).toEqual([])
    }
    expect(errorsOf(await two.query('select * from mine'))).toMatchObject([{ code: '42P01' }])
    client.destroy()
  })

  it('is refused inside a transaction too, which then has failed', async () => {
    await one.query('begin')
    const answer = await one.query('listen news')
    expect(answer.at(-1)?.body.toString()).toBe('E')
    expect(tagsOf(await one.query('commit'))).toEqual(['ROLLBACK'])
  })
})
