import { expect, test } from 'vitest'
import { copyStatement, generationOf } from '../../src/sql/statement.js'
import { quoteName, sql } from '../../src/sql/text.js'

test('T54: names are quoted, qualified ones part by part', () => {
  expect(quoteName('alerts')).toBe('"alerts"')
  expect(quoteName('ops.alerts')).toBe('"ops"."alerts"')
  expect(quoteName(['my.db', 'we"ird'])).toBe('"my.db"."we""ird"')
  for (const name of ['', 'a..b', 'a\0', []]) expect(() => quoteName(name)).toThrow('[INVALID_OPTION]')
})

test('T54: values become literals that cannot leave their quotes', () => {
  expect(sql`select ${"'; drop table x; --"}, ${1.5}, ${10n}, ${true}, ${null}, ${-0}`.text).toBe(
    "select '''; drop table x; --', 1.5, 10, true, NULL, 0",
  )
  expect(sql`select ${new Date(0)} from ${sql`t where a = ${'b'}`}`.text).toBe(
    "select TIMESTAMPTZ '1970-01-01T00:00:00.000Z' from t where a = 'b'",
  )
  // A minus before it would begin a comment, and a cast would come before the minus.
  expect(sql`select 1 -${-5}, 1 -${-5n}, ${-(2n ** 63n)}::int8, ${-1.5e-9}`.text).toBe(
    'select 1 -(-5), 1 -(-5), (-9223372036854775808)::int8, (-1.5e-9)',
  )
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined, {}, 'a\0b', new Date(Number.NaN)])
    expect(() => sql`select ${value as never}`).toThrow('[INVALID_OPTION]')
})

test('T57: each generation gets the statement it knows', () => {
  expect(copyStatement('v', 'tail', { snapshot: true })).toBe('COPY (TAIL "v" WITH (PROGRESS)) TO STDOUT')
  expect(copyStatement('v', 'subscribe', { snapshot: false })).toBe(
    'COPY (SUBSCRIBE "v" WITH (PROGRESS, SNAPSHOT = false)) TO STDOUT',
  )
  expect(copyStatement(sql`select 1`, 'tail', { after: 8n })).toBe(
    'COPY (TAIL (select 1) WITH (PROGRESS, SNAPSHOT = false) AS OF 7) TO STDOUT',
  )
})

test('T54: a comment at the end of a query does not take the rest of the statement with it', () => {
  expect(copyStatement(sql`select 1 -- one`, 'subscribe', { snapshot: true })).toBe(
    'COPY (SUBSCRIBE (select 1 -- one\n) WITH (PROGRESS)) TO STDOUT',
  )
})

test('T57: the version says which generation a server is', () => {
  expect(generationOf('v0.26.1-dev (8b47ad8bc)')).toBe('tail')
  expect(generationOf('v0.9.2')).toBe('tail')
  for (const version of ['v0.27.0', 'v0.147.0-dev (x)', 'v26.17.0 (abcdef123)', 'v1.26.0'])
    expect(generationOf(version)).toBe('subscribe')
  expect(() => generationOf('PostgreSQL 15.18')).toThrow('[UNSUPPORTED]')
})
