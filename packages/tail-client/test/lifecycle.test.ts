import { expect, test } from 'vitest'
import { tail } from '../src/index.js'
import { messages, progress, update } from '../src/testing/messages.js'
import type { Script } from '../src/testing/server.js'
import { accepted, collect, serve, until } from './support/serve.js'

test.each(['break', 'throw', 'return', 'abort', 'close'] as const)(
  'T5: %s closes the socket without waiting for the server',
  async how => {
    let gone: Promise<void> | undefined
    const { options, server } = await serve({
      copy: client => {
        gone = client.closed
        client.send(accepted, progress(1), update(1, 1, 'a'), progress(2))
      },
    })
    const controller = new AbortController()
    const stream = tail('v', { ...options, signal: controller.signal })
    const loop = async (): Promise<string> => {
      for await (const _ of stream) {
        if (how === 'break') break
        if (how === 'throw') throw new Error('mine')
        if (how === 'return') return 'returned'
        if (how === 'abort') controller.abort(new Error('enough'))
        if (how === 'close') await stream.close()
      }
      return 'ended'
    }
    const outcome = await loop().catch((error: Error) => error.message)
    expect(outcome).toBe(
      { break: 'ended', throw: 'mine', return: 'returned', abort: 'enough', close: 'ended' }[how],
    )
    await gone
    await until(() => server.connections === 0)
    expect(stream.status.phase).toBe('ended')
  },
)

test('T5: abort ends a loop that waits, in whatever phase', async () => {
  const silent: Script = { copy: () => {} }
  const phases: Record<string, Script> = {
    login: { ...silent, login: () => {} },
    statement: silent,
    snapshot: { copy: client => client.send(accepted, progress(1)) },
    backoff: { copy: client => client.reset() },
  }
  for (const [phase, script] of Object.entries(phases)) {
    const { options, server } = await serve(script)
    const controller = new AbortController()
    const stream = tail('v', { ...options, signal: controller.signal, retry: { initialMs: 1e6, maxMs: 1e6 } })
    const ended = stream[Symbol.asyncIterator]()
      .next()
      .then(
        () => 'a row',
        (error: Error) => error.message,
      )
    if (phase === 'backoff') await new Promise<void>(resolve => stream.events.once('retry', () => resolve()))
    else await until(() => server.startups.length > 0)
    controller.abort(new Error(`aborted in ${phase}`))
    expect(await ended).toBe(`aborted in ${phase}`)
    await until(() => server.connections === 0)
  }
})

test('T5: return() does not wait for a batch that never comes', async () => {
  const { options, server } = await serve({ copy: client => client.send(accepted, progress(1)) })
  const iterator = tail('v', options)[Symbol.asyncIterator]()
  const waiting = iterator.next()
  await until(() => server.statements.length === 2)
  expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
  expect(await waiting).toEqual({ done: true, value: undefined })
  await until(() => server.connections === 0)
})

test('T50: a tail is iterated once', async () => {
  const { options } = await serve({ copy: client => client.send(accepted, progress(1), progress(2)) })
  const stream = tail('v', options)
  await collect(stream.batches(), () => true)
  expect(() => stream.batches()).toThrow('[ALREADY_ITERATING]')
})

test('T50: batches that are asked for at once come in order, and after the end there are none', async () => {
  const { options } = await serve({
    copy: client =>
      client.send(
        accepted,
        progress(1),
        update(1, 1, 'a'),
        progress(2),
        update(2, 1, 'b'),
        progress(3),
        messages.copyDone(),
        messages.commandComplete('COPY 5'),
        messages.readyForQuery(),
      ),
  })
  const iterator = tail('v', { ...options, upTo: 3n }).batches()
  const asked = [iterator.next(), iterator.next(), iterator.next(), iterator.next()]
  const got = await Promise.all(asked)
  expect(got.map(({ value }) => value?.upper)).toEqual([2n, 3n, undefined, undefined])
  expect(await iterator.next()).toEqual({ done: true, value: undefined })
})
