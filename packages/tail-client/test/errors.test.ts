import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { tail } from '../src/index.js'
import { messages } from '../src/testing/messages.js'
import { collect, failureOf, serve } from './support/serve.js'

test('T8: no error shows the password, however it is printed', async () => {
  const password = 'hunter2'
  const { options, server } = await serve({
    login: client => client.send(messages.error('28P01', 'password authentication failed', 'FATAL')),
    copy: () => {},
  })
  const refused = await failureOf(collect(tail('v', options).batches(), () => true))
  expect(refused).toMatchObject({ code: 'AUTH_FAILED', retryable: false, sqlState: '28P01' })
  expect(server.startups.length).toBe(1)
  await server.close()
  const lost = await failureOf(collect(tail('v', { ...options, retry: false }).batches(), () => true))
  expect(lost).toMatchObject({ code: 'CONNECTION_REFUSED', retryable: true })
  const unreadable = await failureOf(
    Promise.resolve().then(() => tail('v', { connection: `postgres://u:${password}@[bad` })),
  )
  const stream = tail('v', options)
  for (const shown of [refused, lost, unreadable, stream])
    expect(
      inspect(shown, { depth: 10, showHidden: true }) + (shown instanceof Error ? shown.stack : ''),
    ).not.toContain(password)
})

test('T8: every error has a code of the list and says whether it is retried', async () => {
  const { options } = await serve({
    copy: client =>
      client.send(messages.error('XX000', "unknown catalog item 'v'"), messages.readyForQuery()),
  })
  const error = await failureOf(collect(tail('v', options).batches(), () => true))
  expect(error).toMatchObject({ code: 'RELATION_NOT_FOUND', retryable: false, sqlState: 'XX000' })
  expect(error.message).toBe(
    "[RELATION_NOT_FOUND] The server says (XX000): unknown catalog item 'v'. Check the name and the search path, or set waitForRelation while the stack still boots.",
  )
})

test('T53: options that cannot be used are refused before anything happens', () => {
  const wrong: readonly [string, () => unknown][] = [
    ['connection', () => tail('v', { connection: 'http://x' })],
    ['relation', () => tail('', { connection: 'postgres://x' })],
    ['progressTimeoutMs', () => tail('v', { connection: 'postgres://x', progressTimeoutMs: -1 })],
    ['maxBufferedBytes', () => tail('v', { connection: 'postgres://x', maxBufferedBytes: Number.NaN })],
    ['the port of connection', () => tail('v', { connection: 'postgres://x/d?port=abc' })],
    ['the port of connection', () => tail('v', { connection: 'postgres://x/d?port=99999' })],
    ['the port of connection', () => tail('v', { connection: { port: 0 } })],
    ['connection', () => tail('v', { connection: 'postgres://x:99999/d' })],
    ['connection.settings.x', () => tail('v', { connection: { settings: { x: 5 as never } } })],
    ['generation', () => tail('v', { connection: 'postgres://x', generation: 'tale' as never })],
    ['connection', () => tail('v', { connection: 5 as never })],
    ['snapshot', () => tail('v', { connection: 'postgres://x', snapshot: 'false' as never })],
    ['waitForRelation', () => tail('v', { connection: 'postgres://x', waitForRelation: 1 as never })],
    ['trustTailHistory', () => tail('v', { connection: 'postgres://x', trustTailHistory: 'yes' as never })],
    ['from', () => tail('v', { connection: 'postgres://x', from: 5 as never })],
    ['checkpoint', () => tail('v', { connection: 'postgres://x', checkpoint: 'x' as never })],
    ['retry', () => tail('v', { connection: 'postgres://x', retry: true as never })],
    ['key', () => tail('v', { connection: 'postgres://x' }).changes({ key: [] })],
    ['key', () => tail('v', { connection: 'postgres://x' }).changes({ key: 7 as never })],
  ]
  for (const [name, call] of wrong) expect(call).toThrow(`[INVALID_OPTION] ${name} is `)
  const misspelled = { connection: 'postgres://x', snapshots: false }
  expect(() => tail('v', misspelled)).toThrow('[INVALID_OPTION] There is no option snapshots.')
})

test('T53: a certificate that cannot be read, or parts from a function that cannot be used, are named once and not retried', async () => {
  const url = 'postgres://u:hunter2@127.0.0.1:1/d?sslmode=verify-full&sslrootcert=/nope/ca.pem'
  for (const connection of [
    url,
    () => url,
    () => ({ port: 99_999 }),
    () => ({ settings: { x: 5 as never } }),
  ]) {
    const error = await failureOf(collect(tail('v', { connection }).batches(), () => true))
    expect(error).toMatchObject({ code: 'INVALID_OPTION', retryable: false })
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('hunter2')
  }
  const missing = await failureOf(collect(tail('v', { connection: url }).batches(), () => true))
  expect(missing.message).toContain('ENOENT')
})
