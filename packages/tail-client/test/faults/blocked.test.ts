import { expect, test } from 'vitest'
import { tail } from '../../src/index.js'
import { progress, update } from '../../src/testing/messages.js'
import type { ScriptedClient } from '../../src/testing/server.js'
import { accepted, collect, serve, until } from '../support/serve.js'

test('T22: an event loop that is blocked for longer than a server may be silent reads what waits before it judges', async () => {
  const clients: ScriptedClient[] = []
  const { options } = await serve({
    copy: client => {
      clients.push(client)
      client.send(accepted, progress(1), progress(2))
    },
  })
  const progressTimeoutMs = 100
  const stream = tail('v', { ...options, progressTimeoutMs })
  const reasons: string[] = []
  stream.events.on('retry', ({ error }) => reasons.push(error.code))
  const taken = collect(stream.batches(), batches => batches.at(-1)?.upper === 8n)
  await until(() => stream.status.phase === 'live')
  for (let at = 2; at <= 7; at++) {
    // It lies in the socket, unread, while nothing runs here.
    clients[0]?.send(update(at, 1, `${at}`), progress(at + 1))
    const untilMs = performance.now() + progressTimeoutMs * 1.5
    while (performance.now() < untilMs);
    await until(() => stream.status.frontier === BigInt(at + 1))
  }
  await taken
  expect(reasons).toEqual([])
})
