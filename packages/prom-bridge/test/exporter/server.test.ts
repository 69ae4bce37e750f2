import { type AddressInfo, connect, Server, type Socket } from 'node:net'
import { ScriptedServer } from '@mzalert/tail-client/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { checkConfig } from '../../src/exporter/config.js'
import { newLog } from '../../src/exporter/log.js'
import { type RunningExporter, startExporter } from '../../src/exporter/server.js'
import { until } from '../support/source.js'

let database: ScriptedServer
let exporter: RunningExporter | undefined
let lines: string[]
const sockets: Socket[] = []

beforeEach(async () => {
  database = await ScriptedServer.start({ columns: [{ name: 'a', oid: 25 }], copy: () => {} })
  lines = []
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await exporter?.close()
  exporter = undefined
  await database.close()
})

async function start(listen: string, more = ''): Promise<RunningExporter> {
  const text = `connections: { main: "${database.url}" }\nviews: [{ view: v, labels: { a: a } }]\nlisten: ${listen}\n${more}`
  const checked = checkConfig(text, {})
  if (!('views' in checked)) throw new Error(JSON.stringify(checked))
  exporter = await startExporter(
    checked,
    newLog('info', [], line => lines.push(line)),
  )
  return exporter
}

const portOf = (server: Server): string => `:${(server.address() as AddressInfo).port}`

/** A connection that sends this much of a request; `said` has what came back, and `isClosed` whether the other side ended it. */
function connection(url: string, sent: string): { said: string; isClosed: boolean } {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const seen = { said: '', isClosed: false }
  socket.setEncoding('utf8').on('data', text => {
    seen.said += String(text)
  })
  socket
    .on('error', () => {})
    .on('close', () => {
      seen.isClosed = true
    })
  socket.write(sent)
  sockets.push(socket)
  return seen
}

test('who connects and sends nothing, or never ends its headers, gives its place up', async () => {
  const { url } = await start('{ port: 0, headerTimeout: 200ms }')
  const silent = connection(url, '')
  const slow = connection(url, 'GET /-/healthy HTTP/1.1\r\nhost: x\r\n')
  await until(() => silent.isClosed && slow.isClosed)
  expect(slow.said).toMatch(/^HTTP\/1.1 408 /)
  expect((await fetch(`${url}/-/healthy`)).status).toBe(200)
})

test('a duration may be any that can be written, also one that no double is exactly', async () => {
  for (const headerTimeout of ['16.1s', '0.5ms']) {
    const { url } = await start(`{ port: 0, headerTimeout: ${headerTimeout} }`)
    expect(url).toMatch(/^http:/)
    await exporter?.close()
  }
})

test('what goes wrong at the listening socket is said, and ends nothing', async () => {
  const listen = vi.spyOn(Server.prototype, 'listen')
  const { url } = await start('{ port: 0 }')
  const servers = listen.mock.contexts.filter(one => one instanceof Server)
  const server = servers.find(one => url.endsWith(portOf(one)))
  listen.mockRestore()
  server?.emit('error', new Error('accept EMFILE'))
  server?.emit('error', new Error('accept ENFILE'))
  expect(lines.join('')).toMatch(/accept EMFILE.*accept ENFILE/s)
  expect((await fetch(`${url}/-/healthy`)).status).toBe(200)
})

test('headers that are too large are refused', async () => {
  const { url } = await start('{ port: 0, maxHeaderBytes: 1000 }')
  const large = connection(url, `GET /-/healthy HTTP/1.1\r\nhost: x\r\na: ${'b'.repeat(2000)}\r\n\r\n`)
  await until(() => large.isClosed)
  expect(large.said).toMatch(/^HTTP\/1.1 431 /)
})

test('connections beyond the limit are refused, which is said, and there is room again when one goes', async () => {
  const { url } = await start('{ port: 0, maxConnections: 1 }')
  const request = 'GET /-/healthy HTTP/1.1\r\nhost: x\r\n\r\n'
  const first = connection(url, request)
  await until(() => first.said.includes('healthy'))
  const second = connection(url, request)
  await until(() => second.isClosed)
  expect(second.said).toBe('')
  expect(lines.join('')).toContain('A connection was refused: there are too many.')
  sockets[0]?.destroy()
  await until(async () => {
    const third = connection(url, request)
    await until(() => third.isClosed || third.said !== '')
    return third.said.includes('healthy')
  })
})

test('an exporter that cannot listen leaves nothing behind', async () => {
  const { url } = await start('{ port: 0 }')
  const port = new URL(url).port
  const first = exporter
  await expect(
    start(`{ port: ${port} }`, 'remoteWrite: { url: "http://127.0.0.1:1/" }'),
  ).rejects.toMatchObject({ code: 'EADDRINUSE' })
  exporter = first
  expect((await fetch(`${url}/-/healthy`)).status).toBe(200)
  expect(lines.join('')).not.toContain('Remote write')
})
