import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { maxStreams, Streams } from '../../src/bridge/stream-handler.js'
import type { Subscriber } from '../../src/page/events.js'
import { until } from '../support/source.js'

/** A response whose reader takes what it is sent, or nothing. */
class Reader extends EventEmitter {
  writableNeedDrain: boolean
  isDestroyed = false

  constructor(takes: boolean) {
    super()
    this.writableNeedDrain = !takes
  }

  writeHead(): void {}

  destroy(): void {
    this.isDestroyed = true
    this.emit('close')
  }

  end(): void {
    this.emit('close')
  }
}

/** Counts those that follow; says this much to each at once. */
function publisher(said = ''): {
  readonly following: Set<Subscriber>
  readonly add: (subscriber: Subscriber) => () => void
  readonly tick: () => void
} {
  const following = new Set<Subscriber>()
  const add = (subscriber: Subscriber): (() => void) => {
    following.add(subscriber)
    if (said !== '') subscriber.send(said)
    return () => following.delete(subscriber)
  }
  return { following, add, tick: () => {} }
}

let server: Server | undefined
let port = 0
const sockets: Socket[] = []

async function serve(listener: (request: IncomingMessage, response: ServerResponse) => void): Promise<void> {
  const made = createServer(listener)
  server = made
  await new Promise<void>(resolve => made.listen(0, '127.0.0.1', resolve))
  port = (made.address() as AddressInfo).port
}

/** A connection whose client reads nothing of what its requests are answered with. */
function deaf(requests: string): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}).pause()
  socket.write(requests)
  sockets.push(socket)
  return socket
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  server?.closeAllConnections()
  await new Promise(resolve => server?.close(resolve) ?? resolve(undefined))
  server = undefined
})

test('who follows and takes nothing for too long is cut off; who takes what it gets is not', async () => {
  const [slow, quick] = [publisher(), publisher()]
  const streams = new Streams([], 500)
  const [stalled, reading] = [new Reader(false), new Reader(true)]
  const request = { method: 'GET', socket: { destroyed: false } } as IncomingMessage
  streams.open(request, reading as unknown as ServerResponse, quick)
  const isCutOff = once(stalled, 'close')
  streams.open(request, stalled as unknown as ServerResponse, slow)
  await isCutOff
  expect([stalled.isDestroyed, reading.isDestroyed]).toEqual([true, false])
  expect([slow.following.size, quick.following.size]).toEqual([0, 1])
  streams.close()
  expect(quick.following.size).toBe(0)
})

test('who asks for streams behind an answer that never comes, and hangs up, leaves every place free', async () => {
  const feed = publisher()
  const streams = new Streams([feed], 60_000)
  await serve((request, response) => {
    if (request.url === '/stream') streams.open(request, response, feed)
  })
  const asked = 'GET /never HTTP/1.1\r\nhost: x\r\n\r\nGET /stream HTTP/1.1\r\nhost: x\r\n\r\n'
  const gone = Array.from({ length: maxStreams }, () => deaf(asked))
  await until(() => streams.isFull)
  for (const socket of gone) socket.destroy()
  await until(() => feed.following.size === 0)
  expect(streams.isFull).toBe(false)
})

test('a server that is to end does so when its streams have been closed, also if somebody never takes the end', async () => {
  const feed = publisher('x'.repeat(50_000_000))
  const streams = new Streams([feed], 500)
  await serve((request, response) => streams.open(request, response, feed))
  deaf('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await until(() => feed.following.size === 1)
  const ended = new Promise(resolve => server?.close(resolve))
  streams.close()
  await ended
})
