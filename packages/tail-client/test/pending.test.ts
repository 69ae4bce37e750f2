import { expect, test } from 'vitest'
import { type TailOptions, tail } from '../src/index.js'
import { FakeClock } from '../src/testing/clock.js'
import { messages, progress, update } from '../src/testing/messages.js'
import { resolveName } from './support/names.js'
import { accepted, collect, failureOf, serve, until } from './support/serve.js'

const never = (): Promise<never> => new Promise(() => {})

/** Options with which a tail waits for something that never comes, and what says that it does. */
async function pending(): Promise<Readonly<Record<string, { options: TailOptions; waits: () => boolean }>>> {
  const calls = { connection: 0, load: 0, password: 0, lookup: 0 }
  const asks = await serve({ login: client => client.send(messages.passwordRequest()), copy: () => {} })
  const describes = await serve({ describe: () => {}, copy: () => {} })
  const handshakes = await serve({ sslRequest: () => {}, copy: () => {} })
  resolveName('db.example', () => {
    calls.lookup++
    return undefined
  })
  const checkpoint = {
    name: 'n',
    store: {
      load: () => {
        calls.load++
        return never()
      },
      save: async () => {},
    },
  }
  const { port } = asks.server
  return {
    'the function for the connection': {
      options: {
        connection: () => {
          calls.connection++
          return never()
        },
      },
      waits: () => calls.connection > 0,
    },
    'the checkpoint': {
      options: { connection: 'postgres://127.0.0.1:1/x', checkpoint },
      waits: () => calls.load > 0,
    },
    'the address of a name': {
      options: { connection: 'postgres://u@db.example/x' },
      waits: () => calls.lookup > 0,
    },
    'the handshake': {
      options: { connection: { host: '127.0.0.1', port: handshakes.server.port, ssl: true } },
      waits: () => handshakes.server.connections > 0,
    },
    'the password': {
      options: {
        connection: {
          host: '127.0.0.1',
          port,
          password: () => {
            calls.password++
            return never()
          },
        },
      },
      waits: () => calls.password > 0,
    },
    'the description': { options: describes.options, waits: () => describes.server.statements.length > 0 },
  }
}

test('T5: return(), close() and abort end a tail that waits, whatever it waits for', async () => {
  for (const how of ['return', 'close', 'abort'] as const)
    for (const [what, { options, waits }] of Object.entries(await pending())) {
      const controller = new AbortController()
      const stream = tail('v', { ...options, signal: controller.signal })
      const iterator = stream.batches()
      const next = iterator.next().then(
        ({ done }) => (done ? 'ended' : 'a batch'),
        (error: Error) => error.message,
      )
      await until(waits)
      if (how === 'return') await iterator.return?.()
      if (how === 'close') await stream.close()
      if (how === 'abort') controller.abort(new Error('enough'))
      expect([what, how, await next]).toEqual([what, how, how === 'abort' ? 'enough' : 'ended'])
      expect(stream.status.phase).toBe('ended')
    }
})

test('T22: a function for the connection that does not answer is given up in time, and asked again', async () => {
  const clock = new FakeClock()
  let asked = 0
  const connection = (): Promise<never> => {
    asked++
    return never()
  }
  const stream = tail('v', {
    connection,
    clock,
    connectTimeoutMs: 50,
    retry: { initialMs: 1, maxAttempts: 1 },
  })
  stream.events.on('retry', ({ delayMs }) => setImmediate(() => clock.advance(delayMs)))
  const failed = failureOf(collect(stream.batches(), () => true))
  await until(() => asked === 1)
  clock.advance(50)
  await until(() => asked === 2)
  clock.advance(50)
  expect(await failed).toMatchObject({ code: 'RETRIES_EXHAUSTED', cause: { code: 'CONNECT_TIMEOUT' } })
})

test('T5: abort ends the loop while a commit waits for its store, which is left to finish', async () => {
  const { options } = await serve({
    copy: client => client.send(accepted, progress(1), update(1, 1, 'a'), progress(2)),
  })
  let saved = (): void => {}
  const store = {
    load: async () => undefined,
    save: () =>
      new Promise<void>(resolve => {
        saved = resolve
      }),
  }
  const controller = new AbortController()
  const stream = tail('v', { ...options, signal: controller.signal, checkpoint: { store, name: 'n' } })
  const iterator = stream.batches()
  const committed = (await iterator.next()).value?.commit()
  const next = iterator.next()
  controller.abort(new Error('enough'))
  await expect(next).rejects.toThrow('enough')
  saved()
  await committed
})
