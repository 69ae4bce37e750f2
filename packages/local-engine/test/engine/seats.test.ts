import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { ownSeats } from '../../src/engine/seats.js'

it('L8: who waits for a server that says nothing is told when the engine closes, and the connection is given up', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const seats = ownSeats(`postgres://me@127.0.0.1:${Object(server.address()).port}/db`, [])
  const accepted = once(server, 'connection')
  const taking = seats.take(() => {})
  const [socket] = await accepted
  const gone = once(socket.resume(), 'close')
  seats.close()
  expect(await taking).toMatchObject({ code: '57P03', message: expect.stringContaining('it was given up') })
  await gone
})
