import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ConnectionOptions, tail } from '../../src/index.js'
import { type Postgres, startPostgres } from '../support/postgres.js'
import { run } from '../support/program.js'
import { collect, failureOf } from '../support/serve.js'

const folder = fileURLToPath(new URL('../fixtures/tls', import.meta.url))
const certificate = path.join(folder, 'cert.pem')
const tls = {
  key: readFileSync(path.join(folder, 'key.pem'), 'utf8'),
  cert: readFileSync(certificate, 'utf8'),
}
const password = 'p@ss w/ord'
let postgres: Postgres

/** A PostgreSQL that answers the question for the version with how it was connected to: so far only a Materialize goes further. */
beforeAll(async () => {
  postgres = await startPostgres({ tls })
  const client = new pg.Client(postgres.url)
  await client.connect()
  await client.query(`
    CREATE ROLE app LOGIN PASSWORD '${password}';
    CREATE FUNCTION mz_version() RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'user %, encrypted %, search_path %, application %', current_user,
        (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), current_setting('search_path'),
        current_setting('application_name');
    END $$`)
  await client.end()
})

afterAll(() => postgres.close())

function refusal(parts: ConnectionOptions | string): ReturnType<typeof failureOf> {
  const connection =
    typeof parts === 'string'
      ? parts
      : { host: 'localhost', port: postgres.port, user: 'app', database: 'postgres', password, ...parts }
  return failureOf(collect(tail('v', { connection, retry: false }).batches(), () => true))
}

const urlWith = (query: string): string =>
  `postgres://app:${encodeURIComponent(password)}@localhost:${postgres.port}/postgres?${query}`

test('T85: over verified TLS a password that is a function, session settings and a name reach a real server', async () => {
  const error = await refusal({
    password: async () => password,
    ssl: { ca: tls.cert },
    settings: { search_path: 'ops, public' },
    applicationName: 'alerts of ops',
  })
  expect(error.message).toContain('user app, encrypted t, search_path ops, public, application alerts of ops')
})

test('T85: a URL with its own authority is verified, in the words of libpq', async () => {
  const error = await refusal(
    urlWith(`sslmode=verify-full&sslrootcert=${certificate}&options=-c%20search_path%3Dops,public`),
  )
  expect(error.message).toContain('user app, encrypted t, search_path ops,public, application mzalert')
})

test('T85: a certificate that nobody vouches for is refused, unless that is asked for', async () => {
  expect((await refusal({ ssl: true })).code).toBe('TLS_FAILED')
  expect((await refusal(urlWith('sslmode=verify-full'))).code).toBe('TLS_FAILED')
  expect((await refusal({ ssl: { rejectUnauthorized: false } })).message).toContain('encrypted t')
  expect((await refusal(urlWith('sslmode=no-verify'))).message).toContain('encrypted t')
})

test('T85: without being asked for there is no TLS, and a server that wants it says so', async () => {
  const error = await refusal({})
  expect(error).toMatchObject({ code: 'AUTH_FAILED', retryable: false })
  expect(error.message).toMatch(/no encryption|SSL off/)
})

test('T85: a wrong password is said, and not shown', async () => {
  const error = await refusal({ password: 'hunter2', ssl: { ca: tls.cert } })
  expect(error).toMatchObject({ code: 'AUTH_FAILED', sqlState: '28P01' })
  expect(error.message).not.toContain('hunter2')
})

test('T85: mztail verifies whatever TLS it is asked for, without a word of its own on stderr', async () => {
  for (const mode of ['require', 'verify-ca', 'verify-full']) {
    const url = urlWith(`sslmode=${mode}&sslrootcert=${certificate}&options=-c%20search_path%3Dops,public`)
    const { ended, errors } = run(['explain', 'v', '--url', url])
    expect(await ended).toBe(1)
    expect(errors()).toMatch(/^mztail: \[SQL_ERROR\] .*user app, encrypted t, search_path ops,public.*\n$/)
  }
})
