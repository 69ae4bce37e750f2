import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LiveCollection, TailError, tail } from '../src/index.js'
import { Multiset } from '../src/stream/collection.js'
import { messages, progress, update } from '../src/testing/messages.js'
import type { ScriptedClient } from '../src/testing/server.js'
import { encodeToken, fingerprint } from '../src/token.js'
import type { Batch, BatchKind } from '../src/types/batch.js'
import type { Update } from '../src/types/update.js'
import { accepted, failureOf, serve } from './support/serve.js'

const columns = [
  { name: 'id', oid: 20 },
  { name: 'v', oid: 25 },
]
interface Row {
  readonly id: bigint
  readonly v: string
}

/** A server whose stream the test goes on with by hand. */
async function byHand(): Promise<{
  readonly client: () => Promise<ScriptedClient>
  readonly options: Awaited<ReturnType<typeof serve>>['options']
}> {
  const clients: ScriptedClient[] = []
  const waiting: ((client: ScriptedClient) => void)[] = []
  const { options } = await serve({
    columns,
    copy: client => {
      const next = waiting.shift()
      if (next) next(client)
      else clients.push(client)
    },
  })
  return {
    options,
    client: async () => clients.shift() ?? new Promise(resolve => waiting.push(resolve)),
  }
}

test('T56: a row is looked up by its key, counts are exact, and waitFor tells when a timestamp is in', async () => {
  const { client, options } = await byHand()
  await using live = tail<Row>('t', options).collection({ key: 'id' })
  expect(live.stale).toBe(true)
  const server = await client()
  server.send(messages.copyOut(5), progress(1, 2), update(1, 1, '1\ta'), update(1, 1, '2\tb'), progress(2, 2))
  await live.ready
  expect(live.stale).toBe(false)
  expect(live.get(1n)).toEqual({ id: 1n, v: 'a' })
  expect([live.has(3n), live.size, live.count]).toEqual([false, 2, 2])

  const changed = live.waitFor(2n)
  server.send(update(2, -1, '1\ta'), update(2, 1, '1\tz'), progress(3, 2))
  await changed
  expect(live.frontier).toBe(3n)
  expect(live.get(1n)).toEqual({ id: 1n, v: 'z' })
  await live.waitFor(1n)
})

test('T56: what is iterated is what was there when the iteration began, whatever happens meanwhile', async () => {
  const { client, options } = await byHand()
  await using live = tail<Row>('t', options).collection()
  const server = await client()
  server.send(messages.copyOut(5), progress(1, 2), update(1, 1, '1\ta'), update(1, 2, '2\tb'), progress(2, 2))
  await live.ready
  const seen: string[] = []
  for (const { v } of live) {
    if (seen.length === 0) {
      const changed = live.waitFor(2n)
      server.send(update(2, -1, '1\ta'), update(2, 1, '3\tc'), progress(3, 2))
      await changed
    }
    seen.push(v)
  }
  expect(seen).toEqual(['a', 'b', 'b'])
  expect([...live].map(({ v }) => v)).toEqual(['b', 'b', 'c'])
  expect(live.count).toBe(3)
})

test('T56: a collection that is closed before its first snapshot was never ready', async () => {
  const { client, options } = await byHand()
  const live = tail<Row>('t', options).collection()
  await client()
  await live.close()
  await expect(live.ready).rejects.toMatchObject({ code: 'UNEXPECTED_END' })
  await live.ended
})

test('T56: a lost connection is told, the contents stay, and coming back is told too', async () => {
  const { client, options } = await byHand()
  const stream = tail<Row>('t', options)
  const told: unknown[] = []
  stream.events.on('snapshot', ({ updates }) => told.push(`snapshot of ${updates}`))
  stream.events.on('end', ({ error }) => told.push(['end', error]))
  const live = stream.collection()
  live.events.on('stale', error => told.push(['stale', error.code, live.stale]))
  live.events.on('fresh', () => told.push(['fresh', live.stale]))
  live.events.on('change', ({ kind }) => told.push(kind))
  const first = await client()
  first.send(messages.copyOut(5), progress(1, 2), update(1, 1, '1\ta'), progress(2, 2))
  await live.ready
  first.reset()
  const second = await client()
  expect([...live]).toEqual([{ id: 1n, v: 'a' }])
  const back = live.waitFor(4n)
  second.send(messages.copyOut(5), update(4, 1, '2\tb'), progress(5, 2))
  await back
  await live.close()
  expect(told).toEqual([
    'snapshot of 1',
    'snapshot',
    ['stale', 'CONNECTION_LOST', true],
    ['fresh', false],
    'changes',
    ['end', undefined],
  ])
})

test('T56: what came before a connection was lost does not make a collection fresh', async () => {
  const told: string[] = []
  let lost = (_error: TailError): void => {}
  let isLive = true
  const batch = (kind: BatchKind, upper: bigint): Batch<Row> => ({
    kind,
    lower: upper - 1n,
    upper,
    updates: [],
  })
  const live = new LiveCollection<Row>({
    isLive: () => isLive,
    onStale: listener => {
      lost = listener
    },
    close: async () => {},
    batches: async function* () {
      yield batch('snapshot', 1n)
      isLive = false
      lost(new TailError('CONNECTION_LOST', 'It was lost.'))
      yield batch('progress', 2n)
      told.push('back')
      isLive = true
      yield batch('progress', 3n)
    },
  })
  live.events.on('stale', () => told.push('stale')).on('fresh', () => told.push('fresh'))
  await live.ended
  expect(told).toEqual(['stale', 'back', 'fresh'])
})

test('T56: a key that is not one ends the collection with both rows, or is reported and goes on', async () => {
  const script = {
    columns,
    copy: (client: ScriptedClient) =>
      client.send(
        messages.copyOut(5),
        progress(1, 2),
        update(1, 1, '1\tb'),
        progress(2, 2),
        update(2, 1, '1\ta'),
        progress(3, 2),
      ),
  }
  const { options } = await serve(script)
  const strict = tail<Row>('t', options).collection({ key: 'id' })
  expect(await failureOf(strict.ended)).toMatchObject({
    code: 'KEY_VIOLATION',
    message: expect.stringContaining('{"id":"1","v":"a"} and {"id":"1","v":"b"}'),
  })
  expect(await failureOf(strict.waitFor(9n))).toMatchObject({ code: 'KEY_VIOLATION' })

  await using lenient = tail<Row>('t', options).collection({ key: 'id', onKeyViolation: 'report' })
  const reported: unknown[] = []
  lenient.events.on('keyViolation', violation => reported.push(violation))
  await lenient.waitFor(2n)
  expect(reported).toMatchObject([{ timestamp: 2n, rows: [{ v: 'a' }, { v: 'b' }] }])
  expect(lenient.get(1n)?.v).toBe('a')
})

test('T56: who waits for a timestamp is told when the collection ends before, or when they give up', async () => {
  const { options } = await serve({ copy: client => client.send(accepted, progress(1), progress(2)) })
  const live = tail('t', options).collection()
  await live.ready
  const controller = new AbortController()
  const given = live.waitFor(9n, { signal: controller.signal })
  controller.abort(new Error('enough'))
  await expect(given).rejects.toThrow('enough')
  const waiting = live.waitFor(9n)
  waiting.catch(() => {})
  await live.close()
  expect((await failureOf(waiting)).code).toBe('UNEXPECTED_END')
  expect((await failureOf(live.waitFor(9n))).code).toBe('UNEXPECTED_END')
  expect(() => live.get('x')).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
})

test('T31: counts, rows and lookups of a collection are those of the sum of its updates', () => {
  const flip = fc.tuple(fc.nat(2), fc.constantFrom('a', 'b'), fc.integer({ min: -2, max: 3 }))
  fc.assert(
    fc.property(fc.array(fc.array(flip)), steps => {
      const model = new Map<string, number>()
      const contents = new Multiset<Row>({ keyOf: ({ id }) => String(id), onViolation: () => {} })
      steps.forEach((flips, step) => {
        const updates: Update<Row>[] = []
        for (const [id, v, wanted] of flips) {
          const raw = `${id}\t${v}`
          const diff = Math.max(wanted, -(model.get(raw) ?? 0))
          if (diff === 0) continue
          model.set(raw, (model.get(raw) ?? 0) + diff)
          updates.push({ raw, diff, timestamp: BigInt(step), row: { id: BigInt(id), v } })
        }
        contents.apply({ kind: 'changes', lower: BigInt(step), upper: BigInt(step + 1), updates })
        const there = [...model].filter(([, count]) => count > 0)
        expect(contents.size).toBe(there.length)
        expect(contents.count).toBe(there.reduce((sum, [, count]) => sum + count, 0))
        expect([...contents.entries()].map(([{ id, v }, count]) => [`${id}\t${v}`, count]).sort()).toEqual(
          there.sort(),
        )
        for (const id of [0, 1, 2]) {
          const [least] = there
            .map(([raw]) => raw)
            .filter(raw => raw.startsWith(`${id}\t`))
            .sort()
          expect(contents.get(String(id))?.v).toBe(least?.split('\t')[1])
        }
      })
    }),
  )
})

test('T37: a row that goes more often than it came ends a collection, with the row', async () => {
  const { client, options } = await byHand()
  const live = tail<Row>('t', options).collection()
  const server = await client()
  server.send(messages.copyOut(5), progress(1, 2), update(1, 1, '1\ta'), progress(2, 2))
  await live.ready
  server.send(update(2, -2, '1\ta'), progress(3, 2))
  const error = await failureOf(live.waitFor(2n))
  expect(error).toMatchObject({ code: 'NEGATIVE_MULTIPLICITY', retryable: false })
  expect(error.message).toContain('"1\\ta" has multiplicity -1')
})

test('T56: what does not begin with the contents is no collection, and is refused before anything happens', () => {
  const connection = 'postgres://localhost/x'
  const checkpoint = { name: 'x', store: { load: async () => undefined, save: async () => {} } }
  const from = encodeToken({ source: fingerprint('"t"'), columns: fingerprint(''), frontier: 5n })
  for (const options of [{ snapshot: false }, { checkpoint }, { from }])
    expect(() => tail('t', { connection, ...options }).collection()).toThrow(
      `[INVALID_OPTION] ${Object.keys(options)[0]} is `,
    )
})

test('T42: a key that is no column is refused when the columns are known, before any row', async () => {
  const { options } = await serve({ columns, copy: client => client.send(messages.copyOut(5)) })
  const live = tail('t', options).collection({ key: 'nope' })
  expect(await failureOf(live.ended)).toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('columns of the rows: id, v'),
  })
  const changes = tail('t', options).changes({ key: ['id', 'nope'] })
  expect((await failureOf(changes.next())).code).toBe('INVALID_OPTION')
})
