import { expect, test } from 'vitest'
import { tail } from '../src/index.js'
import { progress, update } from '../src/testing/messages.js'
import type { ScriptedClient } from '../src/testing/server.js'
import { accepted, collect, serve, until } from './support/serve.js'

test.each(['break', 'abort', 'close', 'silence'] as const)(
  'T9: a server that streams is asked once to stop, with the key it gave, after %s',
  async how => {
    let streaming: ScriptedClient | undefined
    const { options, server } = await serve({
      copy: client => {
        streaming ??= client
        client.send(accepted, progress(1), update(1, 1, 'a'), progress(2))
      },
    })
    const controller = new AbortController()
    const stream = tail('v', {
      ...options,
      signal: controller.signal,
      ...(how === 'silence' ? { progressTimeoutMs: 20, retry: false } : {}),
    })
    const loop = async (): Promise<void> => {
      for await (const _ of stream) {
        if (how === 'break') break
        if (how === 'abort') controller.abort()
        if (how === 'close') await stream.close()
      }
    }
    await loop().catch(() => {})
    await until(() => server.cancels.length > 0 && server.connections === 0)
    expect(server.cancels).toEqual([
      { processId: streaming?.processId, secret: streaming?.secret, isEncrypted: false },
    ])
  },
)

test('T9: a server that has ended the stream, or never began one, is not asked to stop', async () => {
  const { options, server } = await serve({
    copy: (client, _, index) => {
      if (index === 0) client.reset()
      else client.send(accepted, progress(1), update(1, 1, 'a'), progress(2))
    },
  })
  await collect(tail('v', options).batches(), () => true)
  await until(() => server.cancels.length > 0 && server.connections === 0)
  expect(server.cancels.map(({ processId }) => processId)).toEqual([2])
})
