import { startEngine } from '@mzalert/local-engine'
import pg from 'pg'
import { expect, test } from 'vitest'
import { apply, type Execute } from '../src/apply.js'

test('C1: applied twice, the models are made once; with another threshold they are made anew and the events stay', async () => {
  await using database = await openDatabase()
  const { execute } = database
  expect(await apply(execute, 'local', { threshold: 2 })).toBe('created')
  await execute(`INSERT INTO deployments SELECT json_build_object('organization', 'B', 'customer_id', 1,
    'event_type', 'deployment_created', 'event_ts', floor(extract(epoch from now()))::bigint) FROM generate_series(1, 3)`)
  expect(await apply(execute, 'local', { threshold: 2 })).toBe('unchanged')
  expect(await execute('SELECT labels FROM organization_alert')).toEqual([{ labels: 'B' }])

  expect(await apply(execute, 'local', { threshold: 3 })).toBe('replaced')
  expect(await execute('SELECT labels FROM organization_alert')).toEqual([])
  expect(await apply(execute, 'local', { threshold: 2 })).toBe('replaced')
  expect(await execute('SELECT labels FROM organization_alert')).toEqual([{ labels: 'B' }])
})

test('C1: a run that broke off anywhere is made good by the next one', async () => {
  await using database = await openDatabase()
  const { execute } = database
  const total = await countOf(counting => apply(counting, 'local'))
  for (let stopAt = 2; stopAt < total; stopAt++) {
    let run = 0
    const breaking: Execute = async sql => {
      if (run++ === stopAt) throw new Error('cut')
      return execute(sql)
    }
    await expect(apply(breaking, 'local', { threshold: stopAt })).rejects.toThrow('cut')
    expect(await apply(execute, 'local', { threshold: stopAt })).toBe('replaced')
    expect(await execute('SELECT * FROM organization_alert')).toEqual([])
  }
})

test('C1: what somebody else has made under one of the names is left alone', async () => {
  await using database = await openDatabase()
  const { execute } = database
  await execute('CREATE TABLE deployments (mine int)')
  await expect(apply(execute, 'local')).rejects.toThrow('already exists')
  expect(await execute('SELECT mine FROM deployments')).toEqual([])
})

test('Materialize gets one statement at a time; other sources are made anew, and a role that is there is kept', async () => {
  const asked: string[] = []
  const server = (marker: object | undefined): Execute => {
    return async sql => {
      asked.push(sql)
      if (sql.startsWith('SELECT sources') && !marker)
        throw new Error("unknown catalog item 'mzalert_models'")
      if (sql.startsWith('SELECT sources')) return [marker as Record<string, unknown>]
      return sql.includes('mz_roles') ? [{ name: 'event_exporter' }] : []
    }
  }
  await apply(server(undefined), 'subscribe')
  expect(asked.every(sql => !sql.includes(';'))).toBe(true)
  expect(asked.filter(sql => sql.startsWith('DROP'))).toEqual([])
  expect(asked.filter(sql => sql.startsWith('CREATE ROLE'))).toEqual([])
  expect(asked).toContain('CREATE DEFAULT INDEX ON organization_alert')

  asked.length = 0
  await apply(server({ sources: 'others', models: 'others' }), 'subscribe', { kafkaBroker: 'elsewhere:9092' })
  const drops = asked.filter(sql => sql.startsWith('DROP'))
  expect(drops).toEqual([
    'DROP VIEW IF EXISTS customer_alert',
    'DROP VIEW IF EXISTS organization_alert',
    'DROP VIEW IF EXISTS dim_deployments',
    'DROP VIEW IF EXISTS fct_customer_events',
    'DROP VIEW IF EXISTS customers',
    'DROP SOURCE IF EXISTS customers_json',
    'DROP SOURCE IF EXISTS deployments',
    'DROP CONNECTION IF EXISTS kafka',
  ])
})

test('an error that is not about a missing view is not taken for one', async () => {
  const execute: Execute = () => Promise.reject(new Error('permission denied'))
  await expect(apply(execute, 'subscribe')).rejects.toThrow('permission denied')
})

async function openDatabase() {
  const engine = await startEngine()
  const client = new pg.Client(engine.url)
  await client.connect()
  const execute: Execute = async sql => (await client.query(sql)).rows
  return {
    execute,
    async [Symbol.asyncDispose]() {
      await client.end()
      await engine.close()
    },
  }
}

/** How many statements a run takes. */
async function countOf(run: (execute: Execute) => Promise<unknown>): Promise<number> {
  let count = 0
  await run(async sql => {
    count++
    if (sql.startsWith('SELECT sources')) throw new Error('does not exist')
    return []
  })
  return count
}
