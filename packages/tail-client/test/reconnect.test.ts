import { expect, test } from 'vitest'
import { tail } from '../src/index.js'
import { FakeClock } from '../src/testing/clock.js'
import { messages, progress, update } from '../src/testing/messages.js'
import { sum } from './support/decode.js'
import { accepted, collect, failureOf, serve, until } from './support/serve.js'

test('T3: after a lost connection only the net difference comes, and the sum is the view', async () => {
  const { options, server } = await serve({
    copy: (client, statement, index) => {
      if (index === 0) {
        client.send(
          accepted,
          progress(10),
          update(10, 1, 'stays'),
          update(10, 2, 'goes'),
          update(10, 1, 'twice'),
          progress(20),
        )
        client.end()
      } else if (statement.includes('AS OF'))
        client.send(
          messages.error(
            'XX000',
            'Timestamp (19) is not valid for all inputs: [Antichain { elements: [1] }]',
          ),
          messages.readyForQuery(),
        )
      else
        client.send(
          accepted,
          progress(30),
          update(30, 1, 'stays'),
          update(30, 2, 'twice'),
          update(30, 1, 'new'),
          progress(31),
          update(31, -1, 'new'),
          progress(32),
        )
    },
  })
  const stream = tail('v', options)
  const events: string[] = []
  stream.events
    .on('retry', ({ error }) => events.push(`retry ${error.code}`))
    .on('reconciled', ({ updates }) => events.push(`reconciled ${updates}`))
  const taken = await collect(stream.batches(), batches => batches.at(-1)?.upper === 32n)
  expect(taken.map(({ kind, lower, upper }) => [kind, lower, upper])).toEqual([
    ['snapshot', 10n, 20n],
    ['reconciled', 20n, 31n],
    ['changes', 31n, 32n],
  ])
  expect(taken[1]?.updates.map(({ raw, diff }) => [raw, diff])).toEqual([
    ['goes', -2],
    ['twice', 1],
    ['new', 1],
  ])
  expect(sum(taken)).toEqual(
    new Map([
      ['stays', 1],
      ['twice', 2],
    ]),
  )
  expect(events).toEqual(['retry CONNECTION_LOST', 'reconciled 3'])
  expect(server.statements.filter(statement => statement.startsWith('COPY'))).toEqual([
    'COPY (SUBSCRIBE "v" WITH (PROGRESS)) TO STDOUT',
    'COPY (SUBSCRIBE "v" WITH (PROGRESS, SNAPSHOT = false) AS OF 19) TO STDOUT',
    'COPY (SUBSCRIBE "v" WITH (PROGRESS)) TO STDOUT',
  ])
})

test('T3: a server that keeps history is resumed one below the frontier, and nothing comes twice', async () => {
  const { options } = await serve({
    copy: (client, _, index) => {
      if (index === 0) {
        client.send(accepted, progress(10), update(10, 1, 'a'), progress(20))
        client.reset()
      } else client.send(accepted, progress(19), update(20, 1, 'b'), progress(21))
    },
  })
  const taken = await collect(tail('v', options).batches(), batches => batches.length === 2)
  expect(taken.map(({ kind, lower, upper }) => [kind, lower, upper])).toEqual([
    ['snapshot', 10n, 20n],
    ['changes', 20n, 21n],
  ])
  expect(sum(taken)).toEqual(
    new Map([
      ['a', 1],
      ['b', 1],
    ]),
  )
})

test('T3: a server that speaks TAIL is asked for a snapshot when it comes back, since it may take any AS OF whatever it has forgotten', async () => {
  const { options, server } = await serve({
    copy: (client, _, index) => {
      if (index === 0) {
        client.send(accepted, update(10, 1, 'stays'), update(10, 1, 'goes'), progress(20))
        client.reset()
      } else client.send(accepted, progress(25), update(30, 1, 'stays'), update(30, 1, 'new'), progress(31))
    },
  })
  const taken = await collect(
    tail('v', { ...options, generation: 'tail' }).batches(),
    batches => batches.length === 2,
  )
  expect(taken.map(({ kind, lower, upper }) => [kind, lower, upper])).toEqual([
    ['snapshot', 10n, 20n],
    ['reconciled', 20n, 31n],
  ])
  expect(sum(taken)).toEqual(
    new Map([
      ['stays', 1],
      ['new', 1],
    ]),
  )
  expect(server.statements.filter(statement => statement.startsWith('COPY'))).toEqual([
    'COPY (TAIL "v" WITH (PROGRESS)) TO STDOUT',
    'COPY (TAIL "v" WITH (PROGRESS)) TO STDOUT',
  ])
})

test('T3: a server that speaks TAIL takes no row back with progress that comes before the rows of its snapshot', async () => {
  const { options } = await serve({
    copy: (client, _, index) => {
      if (index === 0) {
        client.send(accepted, update(10, 1, 'a'), progress(20))
        client.reset()
      } else client.send(accepted, progress(1000), progress(2000), update(2500, 1, 'a'), progress(3000))
    },
  })
  const taken = await collect(
    tail('v', { ...options, generation: 'tail' }).batches(),
    batches => batches.at(-1)?.upper === 3000n,
  )
  expect(taken.at(-1)).toEqual({ kind: 'reconciled', updates: [], lower: 20n, upper: 3000n })
})

test('T3: a new snapshot that is older than what was delivered is held back until it has caught up', async () => {
  const { options } = await serve({
    copy: (client, statement, index) => {
      if (index === 0) {
        client.send(
          accepted,
          progress(10),
          update(10, 1, 'old'),
          progress(11),
          update(15, -1, 'old'),
          update(15, 1, 'new'),
          progress(20),
        )
        client.end()
      } else if (statement.includes('AS OF'))
        client.send(
          messages.error('22000', 'could not find a valid timestamp for the query'),
          messages.readyForQuery(),
        )
      else
        client.send(
          accepted,
          progress(12),
          update(12, 1, 'old'),
          progress(13),
          update(15, -1, 'old'),
          update(15, 1, 'new'),
          progress(25),
        )
    },
  })
  const taken = await collect(tail('v', options).batches(), batches => batches.at(-1)?.kind === 'reconciled')
  expect(taken.at(-1)).toEqual({ kind: 'reconciled', updates: [], lower: 20n, upper: 25n })
  expect(sum(taken)).toEqual(new Map([['new', 1]]))
})

test('T6: a server that falls silent after the snapshot is given up and connected to again', async () => {
  const { options } = await serve({
    copy: (client, _, index) => {
      if (index === 0) client.send(accepted, progress(1), update(1, 1, 'a'), progress(2))
      else client.send(accepted, progress(1), progress(2), update(2, 1, 'b'), progress(3))
    },
  })
  const stream = tail('v', { ...options, progressTimeoutMs: 50 })
  const reasons: string[] = []
  stream.events.on('retry', ({ error }) => reasons.push(error.code))
  const taken = await collect(stream.batches(), batches => sum(batches).size === 2)
  expect(sum(taken)).toEqual(
    new Map([
      ['a', 1],
      ['b', 1],
    ]),
  )
  expect(reasons).toContain('PROGRESS_TIMEOUT')
})

test('T6: a server that resumes may hydrate in silence too', async () => {
  let hydrated = (): void => {}
  const { options } = await serve({
    copy: (client, statement) => {
      if (statement.includes('AS OF')) {
        client.send(accepted, progress(19))
        hydrated = () => client.send(update(20, 1, 'b'), progress(21))
      } else {
        client.send(accepted, progress(10), update(10, 1, 'a'), progress(20))
        client.end()
      }
    },
  })
  const clock = new FakeClock()
  const stream = tail('v', { ...options, clock })
  const reasons: string[] = []
  stream.events.on('retry', ({ error, delayMs }) => {
    reasons.push(error.code)
    setImmediate(() => clock.advance(delayMs))
  })
  const taken = collect(stream.batches(), batches => batches.length === 2)
  await until(() => reasons.length === 1 && stream.status.phase === 'snapshot')
  clock.advance(600_000)
  hydrated()
  expect(await taken).toHaveLength(2)
  expect(reasons).toEqual(['CONNECTION_LOST'])
})

test('T6: a server may hydrate in silence for as long as it likes, unless snapshotTimeoutMs says otherwise', async () => {
  const { options } = await serve({ copy: client => client.send(accepted, progress(1)) })
  const error = await failureOf(
    collect(
      tail('v', { ...options, progressTimeoutMs: 1, snapshotTimeoutMs: 50, retry: false }).batches(),
      () => true,
    ),
  )
  expect(error.code).toBe('SNAPSHOT_TIMEOUT')
})

test('T43: a relation that is not there yet can be waited for', async () => {
  const { options } = await serve({
    copy: (client, _, index) =>
      index < 3
        ? client.send(messages.error('XX000', "unknown catalog item 'v'"), messages.readyForQuery())
        : client.send(accepted, progress(1), update(1, 1, 'here'), progress(2)),
  })
  const taken = await collect(tail('v', { ...options, waitForRelation: true }).batches(), () => true)
  expect([...sum(taken).keys()]).toEqual(['here'])
})

test('T24: columns that change between two connections are told, not mixed', async () => {
  let columns = [{ name: 'a', oid: 25 }]
  const { options } = await serve({
    columns: () => columns,
    copy: client => {
      client.send(accepted, progress(1), progress(2))
      columns = [{ name: 'a', oid: 23 }]
      client.end()
    },
  })
  const error = await failureOf(collect(tail('v', options).batches(), () => false))
  expect(error).toMatchObject({ code: 'SCHEMA_MISMATCH', retryable: false })
})

test('T16: a user may say how long to try: then the last error is the cause', async () => {
  const { options, server } = await serve({ copy: client => client.reset() })
  const stream = tail('v', { ...options, retry: { initialMs: 1, maxMs: 2, giveUpAfterMs: 30 } })
  const error = await failureOf(collect(stream.batches(), () => true))
  expect(error).toMatchObject({
    code: 'RETRIES_EXHAUSTED',
    retryable: false,
    cause: { code: 'CONNECTION_LOST' },
  })
  expect(server.startups.length).toBeGreaterThan(1)
})

test('T17: credentials are asked for on every attempt, and a function that fails is asked again', async () => {
  const { options, server } = await serve({ copy: client => client.send(accepted, progress(1), progress(2)) })
  let asked = 0
  const connection = async (): Promise<string> => {
    if (++asked < 3) throw new Error('the vault is sealed')
    return server.url
  }
  const stream = tail('v', { ...options, connection })
  const reasons: unknown[] = []
  stream.events.on('retry', ({ error }) => reasons.push([error.code, (error.cause as Error).message]))
  await collect(stream.batches(), () => true)
  expect(reasons).toEqual([
    ['CONNECTION_LOST', 'the vault is sealed'],
    ['CONNECTION_LOST', 'the vault is sealed'],
  ])
})

test('T51: what a listener throws ends the iteration as it is, and is not retried', async () => {
  const { options, server } = await serve({ copy: client => client.send(accepted, progress(1), progress(2)) })
  const stream = tail('v', options)
  stream.events.on('connected', () => {
    throw new RangeError('mine')
  })
  await expect(collect(stream.batches(), () => true)).rejects.toThrow(RangeError)
  expect(server.startups).toHaveLength(1)
  await until(() => server.connections === 0)
})

test('T40: updates that a server sends again after a resume are dropped, and counted', async () => {
  const { options } = await serve({
    copy: (client, statement) => {
      if (statement.includes('AS OF'))
        client.send(accepted, progress(19), update(19, 1, 'a'), update(20, 1, 'b'), progress(21))
      else {
        client.send(accepted, progress(10), update(10, 1, 'a'), progress(20))
        client.end()
      }
    },
  })
  const stream = tail('v', options)
  const taken = await collect(stream.batches(), batches => batches.length === 2)
  expect(sum(taken)).toEqual(
    new Map([
      ['a', 1],
      ['b', 1],
    ]),
  )
  expect(stream.status.repeatedUpdates).toBe(1)
})
