import { expect, test } from 'vitest'
import { type RetryOptions, type TailOptions, tail } from '../src/index.js'
import { FakeClock } from '../src/testing/clock.js'
import { messages, progress, update } from '../src/testing/messages.js'
import { type Script, type ScriptedServer, welcome } from '../src/testing/server.js'
import { sum } from './support/decode.js'
import { accepted, collect, failureOf, serve, until } from './support/serve.js'

const version = 'v0.147.0-dev (000000000)'

/** The delays before the first `count` retries, with a random number that is always the greatest. */
async function delaysOf(script: Script, retry: RetryOptions, count: number): Promise<readonly number[]> {
  const { options } = await serve(script)
  const clock = new FakeClock()
  const delays: number[] = []
  const stream = tail('v', { ...options, clock, random: () => 1, retry })
  stream.events.on('retry', ({ delayMs }) => {
    delays.push(delayMs)
    if (delays.length === count) void stream.close()
    else setImmediate(() => clock.advance(delayMs))
  })
  await collect(stream.batches(), () => false)
  return delays
}

const flapping: Record<string, Script> = {
  'as soon as it is connected to': { login: client => client.reset(), copy: () => {} },
  'right after the login': {
    login: client => {
      client.send(...welcome(client, version))
      client.end()
    },
    copy: () => {},
  },
  'instead of a description': { describe: client => client.end(), copy: () => {} },
  'at the statement': { copy: client => client.reset() },
  'before the snapshot is complete': {
    copy: client => {
      client.send(accepted, progress(1), update(1, 1, 'a'))
      client.end()
    },
  },
}

test.each(Object.entries(flapping))(
  'T14: a server that dies %s, again and again, is waited for longer and longer',
  async (_, script) => {
    expect(await delaysOf(script, { initialMs: 100, maxMs: 1000 }, 6)).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ])
  },
)

test('T14: progress ends the row: the next loss is the first again', async () => {
  let timestamp = 10
  const script: Script = {
    copy: (client, _, index) => {
      if (index % 3 < 2) return client.reset()
      client.send(accepted, progress(timestamp++), progress(timestamp++))
      client.end()
    },
  }
  expect(await delaysOf(script, { initialMs: 100 }, 7)).toEqual([100, 200, 100, 200, 400, 100, 200])
})

test('T14: a snapshot that has not caught up with what was delivered is no progress', async () => {
  const script: Script = {
    copy: (client, statement, index) => {
      if (index === 0) client.send(accepted, progress(100), progress(200))
      else if (statement.includes('AS OF'))
        return client.send(
          messages.error('22000', 'could not find a valid timestamp for the query'),
          messages.readyForQuery(),
        )
      else client.send(accepted, progress(150), progress(160))
      client.end()
    },
  }
  expect(await delaysOf(script, { initialMs: 100, maxMs: 1000 }, 4)).toEqual([100, 200, 400, 800])
})

test('T14: a server that says it is going down is given more time than one that is gone', async () => {
  const down = messages.error('57P01', 'terminating connection due to administrator command', 'FATAL')
  const goes: Script = {
    copy: client => {
      client.send(down)
      client.end()
    },
  }
  expect(await delaysOf(goes, { initialMs: 100 }, 2)).toEqual([400, 800])
})

test('T16: a user may say how often to try', async () => {
  const { options, server } = await serve({ copy: client => client.reset() })
  const retry = { initialMs: 1, maxMs: 2, maxAttempts: 3 }
  const error = await failureOf(collect(tail('v', { ...options, retry }).batches(), () => true))
  expect(error).toMatchObject({ code: 'RETRIES_EXHAUSTED', cause: { code: 'CONNECTION_LOST' } })
  expect(server.startups).toHaveLength(4)
})

test('T16: whoever listens to retries may end them', async () => {
  const { options, server } = await serve({ copy: client => client.reset() })
  const stream = tail('v', options)
  stream.events.on('retry', ({ attempt }) => {
    if (attempt === 2) void stream.close()
  })
  expect(await collect(stream.batches(), () => false)).toEqual([])
  expect(server.startups).toHaveLength(2)
})

test('T16: options of a retry that cannot be used are refused before anything happens', () => {
  const wrong: Record<string, RetryOptions> = {
    'retry.initialMs': { initialMs: 0 },
    'retry.minMs': { minMs: -1 },
    'retry.maxMs': { maxMs: Number.NaN },
    'retry.maxAttempts': { maxAttempts: 0 },
    'retry.giveUpAfterMs': { giveUpAfterMs: '1' as never },
    'retry.gate': { gate: {} as never },
  }
  for (const [name, retry] of Object.entries(wrong))
    expect(() => tail('v', { connection: 'postgres://x', retry })).toThrow(`[INVALID_OPTION] ${name} is `)
})

/** A server that asks for a password in clear text, and takes the one that is valid at the time. */
async function guarded(
  valid: () => string,
  copy: Script['copy'],
): Promise<{ server: ScriptedServer; options: TailOptions; tried: (string | undefined)[] }> {
  const tried: (string | undefined)[] = []
  const { server, options } = await serve({
    version,
    login: (client, _, password) => {
      if (password === undefined) return client.send(messages.passwordRequest())
      tried.push(password)
      if (password === valid()) return client.send(...welcome(client, version))
      client.send(messages.error('28P01', 'password authentication failed for user "u"', 'FATAL'))
      client.end()
    },
    copy,
  })
  return { server, options, tried }
}

test('T17: a password is asked for on every attempt, and one that changed in between is no failure', async () => {
  const passwords = ['first', 'second', 'third']
  let valid = 0
  const { server, options, tried } = await guarded(
    () => passwords[valid] ?? '',
    (client, _, index) => {
      valid++
      if (index === 0) {
        client.send(accepted, progress(1), update(1, 1, 'a'), progress(2))
        client.send(messages.error('28000', 'authentication expired', 'FATAL'))
        client.end()
      } else client.send(accepted, progress(1), update(2, 1, 'b'), progress(3))
    },
  )
  const connection = {
    host: '127.0.0.1',
    port: server.port,
    user: 'u',
    password: () => Promise.resolve(passwords[valid] ?? ''),
  }
  const taken = await collect(tail('v', { ...options, connection }).batches(), all => all.length === 2)
  expect(tried).toEqual(['first', 'second'])
  expect([...sum(taken).keys()]).toEqual(['a', 'b'])
})

test('T17: a password function that fails is asked again, and its error is told', async () => {
  const { server, options } = await guarded(
    () => 'right',
    client => client.send(accepted, progress(1), progress(2)),
  )
  let asked = 0
  const password = async (): Promise<string> => {
    if (++asked < 3) throw new Error('the vault is sealed')
    return 'right'
  }
  const stream = tail('v', {
    ...options,
    connection: { host: '127.0.0.1', port: server.port, user: 'u', password },
  })
  const reasons: unknown[] = []
  stream.events.on('retry', ({ error }) => reasons.push([error.code, (error.cause as Error).message]))
  await collect(stream.batches(), () => true)
  expect(reasons).toEqual([
    ['CONNECTION_LOST', 'the vault is sealed'],
    ['CONNECTION_LOST', 'the vault is sealed'],
  ])
})

test('T17: a wrong password is tried once, whether it comes from an option or a function', async () => {
  const { server, options, tried } = await guarded(
    () => 'right',
    () => {},
  )
  for (const password of ['wrong', () => 'wrong']) {
    const connection = { host: '127.0.0.1', port: server.port, user: 'u', password }
    const error = await failureOf(collect(tail('v', { ...options, connection }).batches(), () => true))
    expect(error).toMatchObject({ code: 'AUTH_FAILED', retryable: false, sqlState: '28P01' })
  }
  expect(tried).toEqual(['wrong', 'wrong'])
  await until(() => server.connections === 0)
})

test('T17: a login that expires again and again is given up', async () => {
  const { options } = await serve({
    copy: client => {
      client.send(messages.error('28000', 'authentication expired', 'FATAL'))
      client.end()
    },
  })
  const error = await failureOf(collect(tail('v', options).batches(), () => true))
  expect(error).toMatchObject({ code: 'AUTH_FAILED', sqlState: '28000' })
})
