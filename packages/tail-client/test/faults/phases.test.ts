import { getEventListeners } from 'node:events'
import { expect, onTestFinished, test, vi } from 'vitest'
import { tail } from '../../src/index.js'
import { FakeClock } from '../../src/testing/clock.js'
import { messages, progress, update } from '../../src/testing/messages.js'
import { type Script, type ScriptedClient, welcome } from '../../src/testing/server.js'
import { sum } from '../support/decode.js'
import { accepted, collect, failureOf, serve, until } from '../support/serve.js'

const version = 'v0.147.0-dev (000000000)'
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise(resolve => setImmediate(resolve))
}

/** A script in which something happens in one phase, and nothing after it. */
function phases(happens: (client: ScriptedClient) => void): Readonly<Record<string, Script>> {
  const never: Script = { version, copy: () => {} }
  return {
    connected: { ...never, login: happens },
    authenticated: {
      ...never,
      login: client => {
        client.send(messages.authenticationOk())
        happens(client)
      },
    },
    'logged in': {
      ...never,
      login: client => {
        client.send(...welcome(client, version))
        happens(client)
      },
    },
    describing: { ...never, describe: happens },
    'half described': {
      ...never,
      describe: client => {
        client.send(messages.parseComplete())
        happens(client)
      },
    },
    asking: { ...never, copy: happens },
  }
}

const later: Readonly<Record<string, Script['copy']>> = {
  accepted: client => client.send(accepted),
  'inside the snapshot': client => client.send(accepted, progress(1), update(1, 1, 'a')),
  live: client => client.send(accepted, progress(1), update(1, 1, 'a'), progress(2)),
  'inside a timestamp': client =>
    client.send(accepted, progress(1), update(1, 1, 'a'), progress(2), update(2, 1, 'half')),
  'inside a row': client =>
    client.send(accepted, progress(1), update(1, 1, 'a'), progress(2), update(2, 1, 'half').subarray(0, 9)),
}

test('T21: a server that is gone in any phase, with FIN or RST, is an error that is retried, and nothing else happens', async () => {
  for (const how of ['end', 'reset'] as const) {
    const scripts = {
      ...phases(client => client[how]()),
      ...Object.fromEntries(
        Object.entries(later).map(([phase, copy]): [string, Script] => [
          phase,
          {
            version,
            copy: (client, statement, index) => {
              copy(client, statement, index)
              setImmediate(() => client[how]())
            },
          },
        ]),
      ),
    }
    for (const [phase, script] of Object.entries(scripts)) {
      const { options, server } = await serve(script)
      const taken: unknown[] = []
      const error = await failureOf(
        (async () => {
          for await (const { updates } of tail('v', { ...options, retry: false }).batches())
            taken.push(updates.length)
        })(),
      )
      expect([phase, how, error.code, error.retryable]).toEqual([phase, how, 'CONNECTION_LOST', true])
      expect(taken.filter(count => count !== 1)).toEqual([])
      await until(() => server.connections === 0)
    }
  }
})

test('T22: a server that stalls before it accepts the statement is given up in time, in whatever phase', async () => {
  for (const [phase, script] of Object.entries(phases(() => {}))) {
    const { options, server } = await serve(script)
    const clock = new FakeClock()
    const stream = tail('v', { ...options, clock, retry: false })
    const failed = failureOf(collect(stream.batches(), () => true))
    await until(() => server.startups.length > 0)
    await turns(20)
    clock.advance(9_999)
    await turns(5)
    expect([phase, stream.status.phase]).toEqual([phase, 'connecting'])
    clock.advance(1)
    expect(await failed).toMatchObject({ code: 'CONNECT_TIMEOUT', retryable: true })
    await until(() => server.connections === 0)
  }
})

test('T22: ten minutes of silence after the first progress are hydration: one connection, no retry', async () => {
  let streaming: ScriptedClient | undefined
  const { options, server } = await serve({
    copy: client => {
      streaming = client
      client.send(accepted, progress(1))
    },
  })
  const clock = new FakeClock()
  const stream = tail('v', { ...options, clock })
  let retries = 0
  stream.events.on('retry', () => retries++)
  const taken = collect(stream.batches(), () => true)
  await until(() => stream.status.phase === 'snapshot')
  const since = stream.status.sinceMs
  for (let second = 0; second < 600; second++) clock.advance(1000)
  await turns(5)
  expect(stream.status).toMatchObject({ phase: 'snapshot', sinceMs: since })
  streaming?.send(update(1, 1, 'hydrated'), progress(2))
  expect([...sum(await taken).keys()]).toEqual(['hydrated'])
  expect(retries).toBe(0)
  expect(server.startups).toHaveLength(1)
})

test('T22: a peer that is half gone, without a FIN, is noticed when it has been silent for long enough', async () => {
  const { options, server } = await serve({
    copy: (client, _, index) => client.send(accepted, progress(2 * index + 1), progress(2 * index + 2)),
  })
  const clock = new FakeClock()
  const stream = tail('v', { ...options, clock })
  const reasons: string[] = []
  stream.events.on('retry', ({ error, delayMs }) => {
    reasons.push(error.code)
    setImmediate(() => clock.advance(delayMs))
  })
  const taken = collect(stream.batches(), batches => batches.at(-1)?.upper === 4n)
  await until(() => stream.status.phase === 'live')
  clock.advance(29_999)
  await turns(5)
  expect(reasons).toEqual([])
  clock.advance(1)
  await taken
  expect(reasons).toEqual(['PROGRESS_TIMEOUT'])
  expect(server.startups).toHaveLength(2)
})

test('T22: an event loop that was blocked, or a machine that slept, is no reason to reconnect', async () => {
  const clients: ScriptedClient[] = []
  const { options } = await serve({
    copy: client => {
      clients.push(client)
      client.send(accepted, progress(1), progress(2))
    },
  })
  const clock = new FakeClock()
  const stream = tail('v', { ...options, clock })
  let retries = 0
  stream.events.on('retry', () => retries++)
  const taken = collect(stream.batches(), batches => batches.at(-1)?.upper === 3n)
  await until(() => stream.status.phase === 'live')
  clock.sleep(65_000)
  clients[0]?.send(update(2, 1, 'late'), progress(3))
  expect([...sum(await taken).keys()]).toEqual(['late'])
  expect(retries).toBe(0)
})

test('T22: a wall clock that jumps by an hour changes nothing', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const clients: ScriptedClient[] = []
  const { options } = await serve({
    copy: client => {
      clients.push(client)
      client.send(accepted, progress(1), progress(2))
    },
  })
  const stream = tail('v', options)
  let retries = 0
  stream.events.on('retry', () => retries++)
  const taken = collect(stream.batches(), batches => batches.at(-1)?.upper === 5n)
  await until(() => stream.status.phase === 'live')
  for (const [index, hours] of [1, -2, 1].entries()) {
    vi.setSystemTime(Date.now() + hours * 3_600_000)
    await turns(5)
    clients[0]?.send(progress(3 + index))
  }
  await taken
  expect(retries).toBe(0)
})

test('T21: notices and settings in between are told and change nothing', async () => {
  const { options } = await serve({
    copy: client =>
      client.send(
        messages.notice('before'),
        accepted,
        progress(1),
        messages.notice('in between'),
        update(1, 1, 'a'),
        messages.parameterStatus('TimeZone', 'UTC'),
        progress(2),
      ),
  })
  const stream = tail('v', options)
  const notices: string[] = []
  stream.events.on('notice', ({ message }) => notices.push(message))
  const taken = await collect(stream.batches(), () => true)
  expect([...sum(taken).keys()]).toEqual(['a'])
  expect(notices).toEqual(['before', 'in between'])
})

test('T23: two tails are independent, and a signal that ends many of them keeps no listener', async () => {
  const { options, server } = await serve({
    copy: client => client.send(accepted, progress(1), update(1, 1, 'a'), progress(2)),
  })
  const controller = new AbortController()
  const other = tail('v', options).collection()
  await other.ready
  for (let round = 0; round < 50; round++) {
    const stream = tail('v', { ...options, signal: controller.signal })
    await collect(stream.batches(), () => true)
  }
  expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  await until(() => server.connections === 1)
  expect(other.rows()).toEqual([{ a: 'a' }])
  await other.close()
})

test('T23: close() may be called again, before the start and while it connects', async () => {
  const { options, server } = await serve({ login: () => {}, copy: () => {} })
  const unused = tail('v', options)
  await unused.close()
  await unused.close()
  expect(await collect(unused.batches(), () => false)).toEqual([])
  const connecting = tail('v', options)
  const taken = collect(connecting.batches(), () => false)
  await until(() => server.startups.length === 1)
  await connecting.close()
  expect(await taken).toEqual([])
  await until(() => server.connections === 0)
})

test('T24: a backup that was restored is told apart from a server that lags', async () => {
  const { options } = await serve({
    copy: (client, statement, index) => {
      if (index === 0) client.send(accepted, progress(1_000_000), progress(1_000_001))
      else if (statement.includes('AS OF'))
        return client.send(
          messages.error('22000', 'could not find a valid timestamp for the query'),
          messages.readyForQuery(),
        )
      else return client.send(accepted, progress(10), update(10, 1, 'old'), progress(11))
      client.end()
    },
  })
  const error = await failureOf(collect(tail('v', options).batches(), () => false))
  expect(error).toMatchObject({ code: 'TIME_WENT_BACK', retryable: false })
  expect(error.message).toContain('restored backup')
})

test('T24: a stream with another number of columns than was described is refused before any row', async () => {
  const { options } = await serve({
    copy: (client, _, index) =>
      index === 0
        ? client.send(messages.copyOut(6), progress(1, 3), update(1, 1, 'a\tb\tc'), progress(2, 3))
        : client.send(accepted, progress(1), update(1, 1, 'right'), progress(2)),
  })
  const stream = tail('v', options)
  const reasons: string[] = []
  stream.events.on('retry', ({ error }) => reasons.push(error.code))
  const taken = await collect(stream.batches(), () => true)
  expect(reasons).toEqual(['SCHEMA_MISMATCH'])
  expect([...sum(taken).keys()]).toEqual(['right'])
})

test('T25: a relation may have 1600 columns, or none', async () => {
  const columns = Array.from({ length: 1600 }, (_, index) => ({
    name: `c${index}`,
    oid: index % 2 ? 20 : 25,
  }))
  const raw = columns.map((_, index) => String(index)).join('\t')
  const wide = await serve({
    columns,
    copy: client =>
      client.send(messages.copyOut(1603), progress(1, 1600), update(1, 1, raw), progress(2, 1600)),
  })
  const [batch] = await collect(tail('v', wide.options).batches(), () => true)
  const row = batch?.updates[0]?.row ?? {}
  expect(Object.keys(row)).toHaveLength(1600)
  expect([row['c0'], row['c1'], row['c1598'], row['c1599']]).toEqual(['0', 1n, '1598', 1599n])
  const none = await serve({
    columns: [],
    copy: client =>
      client.send(messages.copyOut(3), progress(1, 0), messages.copyData('1\tf\t3\n'), progress(2, 0)),
  })
  const [empty] = await collect(tail('v', none.options).batches(), () => true)
  expect(empty?.updates).toMatchObject([{ row: {}, diff: 3, raw: '' }])
})

test('T25: a row of 64 MiB comes through whole', async () => {
  const big = 'x'.repeat(64 * 1024 * 1024 - 100)
  const { options } = await serve({
    copy: client => client.send(accepted, progress(1), update(1, 1, big), progress(2)),
  })
  const [batch] = await collect(tail<{ a: string }>('v', options).batches(), () => true)
  const length = batch?.updates[0]?.row.a.length
  expect(length).toBe(big.length)
})

test('T24: text that is not UTF-8 is refused, and shown, instead of being replaced', async () => {
  const line = Buffer.concat([Buffer.from('1\tf\t1\tcaf'), Buffer.of(0xe9), Buffer.from('\n')])
  const { options } = await serve({
    copy: client => client.send(accepted, progress(1), messages.copyData(line), progress(2)),
  })
  const error = await failureOf(
    (async () => {
      for await (const { row } of tail('v', options)) expect(row).toBeUndefined()
    })(),
  )
  expect(error).toMatchObject({ code: 'DECODE', retryable: false })
  expect(error.message).toContain('not UTF-8')
})
