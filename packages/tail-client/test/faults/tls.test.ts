import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { tail } from '../../src/index.js'
import { FakeClock } from '../../src/testing/clock.js'
import { progress, update } from '../../src/testing/messages.js'
import { accepted, collect, failureOf, serve, until } from '../support/serve.js'

const pem = (name: string): string =>
  readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8')
const tls = { key: pem('key.pem'), cert: pem('cert.pem') }
const copy = (client: Parameters<Parameters<typeof serve>[0]['copy']>[0]): void =>
  client.send(accepted, progress(1), update(1, 1, 'a'), progress(2))

test('T20: over TLS the rows are the same, and so is the request to stop', async () => {
  const { server, options } = await serve({ tls, copy })
  const connection = { host: 'localhost', port: server.port, user: 'u', ssl: { ca: tls.cert } }
  const [first] = await collect(tail('v', { ...options, connection }).batches(), () => true)
  expect(first?.updates.map(({ raw }) => raw)).toEqual(['a'])
  await until(() => server.cancels.length > 0 && server.connections === 0)
  expect(server.cancels).toMatchObject([{ processId: 1, isEncrypted: true }])
})

test('T20: a certificate that nobody vouches for is refused, once, with what is wrong', async () => {
  const { server, options } = await serve({ tls, copy })
  const connection = { host: 'localhost', port: server.port, user: 'u', ssl: true }
  const error = await failureOf(collect(tail('v', { ...options, connection }).batches(), () => true))
  expect(error).toMatchObject({ code: 'TLS_FAILED', retryable: false })
  expect(error.message).toMatch(/self-signed certificate/)
  expect(server.startups).toEqual([])
})

test('T20: a certificate for another name is refused', async () => {
  const { server, options } = await serve({ tls, copy })
  const ssl = { ca: tls.cert, servername: 'db.example' }
  const connection = { host: '127.0.0.1', port: server.port, user: 'u', ssl }
  const error = await failureOf(collect(tail('v', { ...options, connection }).batches(), () => true))
  expect(error).toMatchObject({ code: 'TLS_FAILED', retryable: false })
})

test('T20: a server without TLS is refused where TLS is asked for, and never spoken to in clear', async () => {
  const { server, options } = await serve({ copy })
  const connection = { host: 'localhost', port: server.port, user: 'u', ssl: true }
  const error = await failureOf(collect(tail('v', { ...options, connection }).batches(), () => true))
  expect(error).toMatchObject({ code: 'TLS_FAILED', retryable: false })
  expect(server.startups).toEqual([])
})

test('T20: a server that stalls in the handshake is given up in time', async () => {
  for (const answer of ['', 'S']) {
    let asked = false
    const { server, options } = await serve({
      copy,
      sslRequest: client => {
        asked = true
        if (answer) client.send(Buffer.from(answer))
      },
    })
    const clock = new FakeClock()
    const connection = { host: 'localhost', port: server.port, user: 'u', ssl: { ca: tls.cert } }
    const failed = failureOf(
      collect(tail('v', { ...options, connection, clock, retry: false }).batches(), () => true),
    )
    await until(() => asked)
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
    clock.advance(10_000)
    expect(await failed).toMatchObject({ code: 'CONNECT_TIMEOUT', retryable: true })
    await until(() => server.connections === 0)
  }
})
