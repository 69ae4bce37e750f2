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
