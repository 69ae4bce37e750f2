import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/delivery/clock.js'
import { postgresStore } from '../../src/stores/postgres.js'
import { row } from '../support/batches.js'
import { Running } from '../support/running.js'
import { settled } from '../support/source.js'
import { RealPostgres, until } from './support.js'

let server: RealPostgres
let pool: pg.Pool

beforeAll(async () => {
  server = await RealPostgres.start()
  pool = new pg.Pool({ host: '127.0.0.1', port: server.port, user: 'test', database: 'postgres' })
  pool.on('error', () => {})
})
afterAll(async () => {
  await pool?.end()
  server?.close()
})

test('S7: the state may be kept in PostgreSQL', async () => {
  await pool.query('CREATE SCHEMA alerts')
  const store = postgresStore({ client: pool, table: 'alerts.state' })
  expect(await store.load('spike')).toBeUndefined()
  // A real server takes real time.
  const first = new Running({ store, clock: systemClock })
  await first.source.snapshot([row('A'), row('B é "\n')])
  await until('both were told', () => first.sink.told.length === 2)
  await first.close()
  const second = new Running({
    store: postgresStore({ client: pool, table: 'alerts.state' }),
    clock: systemClock,
  })
  await second.source.snapshot([row('B é "\n')], 9000)
  await until('the end was told', () => second.sink.told.length === 1)
  await settled()
  expect(second.sink.told).toEqual(['A resolved'])
  await second.close()
})

test('who may only read and write the table needs no other right', async () => {
  await postgresStore({ client: pool, table: 'granted' }).save('spike', 'before')
  await pool.query('CREATE ROLE app LOGIN')
  await pool.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC')
  await pool.query('GRANT SELECT, INSERT, UPDATE ON granted TO app')
  const client = new pg.Pool({ host: '127.0.0.1', port: server.port, user: 'app', database: 'postgres' })
  try {
    const store = postgresStore({ client, table: 'granted' })
    expect(await store.load('spike')).toBe('before')
    await store.save('spike', 'after')
    expect(await store.load('spike')).toBe('after')
    const missing = postgresStore({ client, table: 'missing' })
    expect(await missing.load('spike')).toBeUndefined()
    await expect(missing.save('spike', 'state')).rejects.toMatchObject({ code: '42501' })
  } finally {
    await client.end()
  }
})

test('a connection that is lost is reported, holds up no alert, and the next change is stored again', async () => {
  const store = postgresStore({ client: pool, table: 'lost' })
  const running = new Running({ store, clock: systemClock })
  await running.source.snapshot([row('A')])
  await until('it was told', () => running.sink.told.length === 1)
  await pool.query('ALTER TABLE lost RENAME TO away')
  await pool.query('CREATE TABLE lost (name text PRIMARY KEY)')
  await pool.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()')
  await running.source.changes([row('B'), 1, 2000])
  await until('it was told', () => running.sink.told.includes('B firing'))
  expect(running.heard).toContain('store STATE_FAILED')
  await pool.query('DROP TABLE lost')
  await pool.query('ALTER TABLE away RENAME TO lost')
  await running.source.changes([row('C'), 1, 3000])
  await until('it is stored', async () => (await store.load('spike'))?.includes('"org":"C"') ?? false)
  await running.notifier.close()
})

test('a row that was damaged is refused, never taken for none', async () => {
  const store = postgresStore({ client: pool })
  await store.save('one', 'state')
  await store.save('two', 'other')
  await store.save('one', 'later')
  expect(await store.load('one')).toBe('later')
  await pool.query("UPDATE mzalert_state SET state = 'damaged' WHERE name = 'one'")
  await expect(store.load('one')).rejects.toMatchObject({ code: 'STATE_CORRUPT' })
  expect(await store.load('two')).toBe('other')
})
