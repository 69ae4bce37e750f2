import { connect, createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'
import { Connection } from '../../src/engine/connection.js'
import { message } from '../../src/wire/backend.js'
import { until } from '../support/wait.js'

/** A connection, its socket, and the client's. */
async function pair(): Promise<{ connection: Connection; socket: Socket; client: Socket }> {
  const sockets: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, socket => sockets.push(socket))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const client = connect(Object(server.address()).port)
  const socket = await until(() => sockets[0], 'the connection')
  onTestFinished(() => {
    client.destroy()
    socket.destroy()
    server.close()
  })
  return { connection: new Connection(socket, 1000), socket, client }
}

it('L8: ends although its client does not read, and the little that waits is less than what would hold it up', async () => {
  const { connection, socket, client } = await pair()
  client.pause()
  // Until the kernel takes no more, a row at a time.
  let stuck = 0
  while (stuck < 200) {
    if (socket.writableLength > 0) stuck++
    else {
      stuck = 0
      connection.write(Buffer.alloc(1000))
    }
    await new Promise(resolve => setImmediate(resolve))
  }
  expect(socket.writableNeedDrain).toBe(false)
  connection.end()
  await until(() => connection.isGone, 'the end')
  expect(socket.destroyed).toBe(true)
})

it('a client that reads gets all that was written before the end', async () => {
  const { connection, socket, client } = await pair()
  let bytes = 0
  client.on('data', chunk => {
    bytes += chunk.length
  })
  for (let i = 0; i < 10; i++) connection.write(Buffer.alloc(1000))
  connection.end()
  await until(() => socket.destroyed, 'the end')
  await until(() => bytes === 10_000, 'all bytes')
})

it.each([
  [1, 1000],
  [20, 50],
  [1000, 20],
])('at %i bytes a second some come each %i ms, and no more', async (bytesPerSecond, pauseMs) => {
  const { connection, socket } = await pair()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  connection.setFlow(bytesPerSecond)
  connection.write(Buffer.alloc(10_000))
  vi.advanceTimersByTime(10 * pauseMs - 1)
  expect(socket.bytesWritten).toBe((bytesPerSecond * 10 * pauseMs) / 1000)
})

it.each([19, 38, 6.911820469285711])('at %d bytes a second something comes', async bytesPerSecond => {
  const { connection, socket } = await pair()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  connection.setFlow(bytesPerSecond)
  connection.write(Buffer.alloc(100))
  vi.advanceTimersByTime(2000)
  expect(socket.bytesWritten).toBeGreaterThan(10)
})

it.each(['d', 'D'])('a row that is sent as %s is cut in its middle', async type => {
  const { connection, socket, client } = await pair()
  const bytes: Buffer[] = []
  client.on('data', chunk => bytes.push(chunk))
  const row = message(type, body => body.utf8('0123456789'))
  connection.cutNextRow()
  expect(connection.write(Buffer.concat([message('N'), row, row]))).toBe(false)
  await until(() => socket.destroyed && client.readableEnded, 'the end')
  expect(Buffer.concat(bytes).toString('latin1')).toMatch(/^N.{4}[dD].{4}01234$/s)
})
