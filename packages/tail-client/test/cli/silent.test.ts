import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../support/program.js'
import { until } from '../support/serve.js'

/** Takes connections and says nothing, as a firewall or a port of something else does. */
const sockets: Socket[] = []
const server = createServer(socket => sockets.push(socket.on('error', () => {})))
let url: string

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  url = `postgres://u@127.0.0.1:${typeof address === 'object' ? address?.port : 0}/x`
})

afterAll(() => {
  for (const socket of sockets) socket.destroy()
  server.close()
})

test.each([[['explain', 'v']], [['types', 'v']]])(
  'T82: a server that says nothing is given up by %j, in one line',
  async words => {
    const { ended, errors, output } = run([...words, '--url', url, '--time-limit', '0.2'])
    expect(await ended).toBe(3)
    expect(errors()).toMatch(
      /^mztail: \[CONNECT_TIMEOUT\] No answer from 127\.0\.0\.1:\d+ within 0\.2 s\. .*\n$/,
    )
    expect(output()).toBe('')
  },
)

test.each([[['explain', 'v']], [['types', 'v']]])('T82: a signal ends %j while it waits', async words => {
  const before = sockets.length
  const { child, ended, errors } = run([...words, '--url', url, '--time-limit', '600'])
  await until(() => sockets.length > before)
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  expect(errors()).toBe('')
})
