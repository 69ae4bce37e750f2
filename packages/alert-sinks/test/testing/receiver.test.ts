import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { HttpReceiver } from '../../src/testing/receiver.js'

test('a request that ends in the middle is none, and the next one is taken', async () => {
  const receiver = await HttpReceiver.start()
  onTestFinished(() => receiver.close())
  const socket = connect(Number(new URL(receiver.url).port), '127.0.0.1')
  await once(socket, 'connect')
  await new Promise(resolve =>
    socket.write('POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 100\r\n\r\nhalf of it', resolve),
  )
  socket.destroy()
  await once(socket, 'close')
  await fetch(receiver.url, { method: 'POST', body: 'whole' })
  expect(receiver.requests.map(({ body }) => body)).toEqual(['whole'])
})
