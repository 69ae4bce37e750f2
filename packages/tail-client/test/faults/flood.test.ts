import { expect, test } from 'vitest'
import { tail } from '../../src/index.js'
import { FakeClock } from '../../src/testing/clock.js'
import { messages } from '../../src/testing/messages.js'
import type { ScriptedClient } from '../../src/testing/server.js'
import { collect, failureOf, serve, until } from '../support/serve.js'

const wanted = 256 * 1024 * 1024

test('a server that talks without an end before the login is over is given up in time, and nothing of it is kept', async () => {
  let sent = 0
  const { options, server } = await serve({
    login: client => {
      sent = 0
      const notice = messages.notice('x'.repeat(60_000))
      const talk = (): void => {
        while (client.socket.writable && client.socket.write(notice)) sent += notice.length
        sent += notice.length
      }
      client.socket.on('drain', talk)
      talk()
    },
    copy: (client: ScriptedClient) => client.end(),
  })
  const clock = new FakeClock()
  const before = process.memoryUsage().rss
  const failed = failureOf(collect(tail('v', { ...options, clock, retry: false }).batches(), () => true))
  await until(() => sent > wanted)
  expect(process.memoryUsage().rss - before).toBeLessThan(wanted / 2)
  clock.advance(10_000)
  expect(await failed).toMatchObject({ code: 'CONNECT_TIMEOUT', retryable: true })
  await until(() => server.connections === 0)
})
