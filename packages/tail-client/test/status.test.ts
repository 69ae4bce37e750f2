import { expect, test } from 'vitest'
import { tail } from '../src/index.js'
import { FakeClock } from '../src/testing/clock.js'
import { messages, progress, update } from '../src/testing/messages.js'
import { accepted, collect, failureOf, serve, until } from './support/serve.js'

test('T71: a consumer that is busy can see that its connection was lost, and since when', async () => {
  const clock = new FakeClock()
  let lose = (): void => {}
  const { options, server } = await serve({
    copy: client => {
      client.send(accepted, progress(1), update(1, 1, 'a'), progress(2))
      lose = () => client.reset()
    },
  })
  const stream = tail('v', { ...options, clock })
  const iterator = stream.batches()
  await iterator.next()
  expect(stream.status).toMatchObject({ phase: 'live', sinceMs: 0 })
  clock.advance(70)
  lose()
  await until(() => server.connections === 0)
  await until(() => stream.status.phase === 'waiting')
  clock.advance(5)
  expect(stream.status).toMatchObject({ phase: 'waiting', sinceMs: 70, frontier: 2n })
  await iterator.return?.()
  expect(stream.status.phase).toBe('ended')
})

test('T71: a consumer that is busy is told of a loss at once, and once', async () => {
  let lose = (): void => {}
  const { options } = await serve({
    copy: (client, statement) => {
      if (statement.includes('AS OF'))
        return client.send(accepted, progress(3), update(4, 1, 'c'), progress(5))
      client.send(accepted, progress(1), update(1, 1, 'a'), progress(2), update(2, 1, 'b'), progress(4))
      lose = () => client.reset()
    },
  })
  const stream = tail('v', options)
  const told: string[] = []
  stream.events.on('stale', ({ error, frontier }) => told.push(`${error.code} at ${frontier}`))
  const iterator = stream.batches()
  await iterator.next()
  await until(() => stream.status.bufferedBytes > 0)
  lose()
  await until(() => told.length > 0)
  expect((await iterator.next()).value?.upper).toBe(4n)
  expect((await iterator.next()).value?.upper).toBe(5n)
  expect(told).toEqual(['CONNECTION_LOST at 2'])
  await iterator.return?.()
})

test('T71: what is not tried again makes nothing stale: it is the end', async () => {
  const { options } = await serve({
    copy: client => client.send(accepted, progress(1), progress(2), Buffer.from('?\0\0\0\x04')),
  })
  const stream = tail('v', options)
  const told: string[] = []
  stream.events.on('stale', () => told.push('stale')).on('end', () => told.push('end'))
  expect((await failureOf(collect(stream.batches(), () => false))).code).toBe('PROTOCOL')
  expect(told).toEqual(['end'])
})

test('T71: a stream is live, and as far as it says, when the consumer is given what makes it so, and not before', async () => {
  for (const how of ['batches', 'parts', 'updates', 'changes'] as const) {
    const { options } = await serve({
      copy: (client, statement, index) => {
        if (statement.includes('AS OF'))
          return client.send(
            messages.error('22000', 'could not find a valid timestamp for the query'),
            messages.readyForQuery(),
          )
        const from = index === 0 ? 1 : 10
        client.send(
          accepted,
          progress(from),
          ...Array.from({ length: 700 * from }, (_, i) => update(from, 1, `${i}`)),
          progress(from + 1),
        )
        if (index === 0) client.end()
      },
    })
    const stream = tail('v', options)
    const seen: string[] = []
    const look = (): void => {
      const { phase, frontier } = stream.status
      const now = `${phase} ${frontier}`
      if (seen.at(-1) !== now) seen.push(now)
    }
    stream.events.on('stale', () => seen.push('stale'))
    stream.events.on('reconciled', look)
    const iterated = {
      batches: () => stream.batches(),
      parts: () => stream.batches({ partRows: 100 }),
      updates: () => stream[Symbol.asyncIterator](),
      changes: () => stream.changes({ key: 'a' }),
    }[how]()
    const iterator: AsyncIterator<unknown> = iterated
    for (let isOver = false; !isOver; isOver = seen.at(-1) === 'live 11') {
      let isThere = false
      const next = iterator.next().finally(() => {
        isThere = true
      })
      while (!isThere) {
        await new Promise(resolve => setImmediate(resolve))
        const { phase, frontier } = stream.status
        if (!isThere && seen.includes('stale')) expect([how, phase, frontier]).not.toEqual([how, 'live', 2n])
      }
      await next
      look()
    }
    expect(seen.filter(state => state.startsWith('live'))).toEqual(['live 2', 'live 11'])
    await iterator.return?.()
  }
})

test('T71: a tail that was closed keeps nothing of what waited', async () => {
  const { options } = await serve({
    copy: client =>
      client.send(accepted, progress(1), update(1, 1, 'a'), progress(2), update(2, 1, 'b'), progress(3)),
  })
  const stream = tail('v', options)
  await stream.batches().next()
  await until(() => stream.status.bufferedBytes > 0)
  await stream.close()
  expect(stream.status).toMatchObject({ phase: 'ended', bufferedBytes: 0 })
})
