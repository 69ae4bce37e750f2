import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { type CheckpointStore, fileCheckpoints, tail } from '../src/index.js'
import { messages, progress, update } from '../src/testing/messages.js'
import type { Script } from '../src/testing/server.js'
import { sum } from './support/decode.js'
import { bytesOf, recording } from './support/golden.js'
import { accepted, collect, failureOf, serve } from './support/serve.js'

const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-checkpoints-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const tooOld = [
  messages.error('XX000', 'Timestamp (19) is not valid for all inputs: [Antichain { elements: [1] }]'),
  messages.readyForQuery(),
]

/** Sends a snapshot to who wants one, and what came since to who resumes after 20. */
const withHistory: Script['copy'] = (client, statement) =>
  statement.includes('AS OF 19')
    ? client.send(accepted, progress(19), update(20, 1, 'b'), progress(21))
    : client.send(accepted, progress(10), update(10, 1, 'a'), progress(20))

test('T45: another process goes on after a token, and nothing comes twice', async () => {
  const { options, server } = await serve({ copy: withHistory })
  const [first] = await collect(tail('v', options).batches(), () => true)
  const rest = await collect(tail('v', { ...options, from: first?.token ?? '' }).batches(), () => true)
  expect(rest.map(({ kind, lower, upper }) => [kind, lower, upper])).toEqual([['changes', 20n, 21n]])
  expect([...sum(rest).keys()]).toEqual(['b'])
  expect(server.statements.at(-1)).toBe(
    'COPY (SUBSCRIBE "v" WITH (PROGRESS, SNAPSHOT = false) AS OF 19) TO STDOUT',
  )
})

test('T45: a token of another relation, or garbage, is refused before anything happens', async () => {
  const { options, server } = await serve({ copy: withHistory })
  const [first] = await collect(tail('v', options).batches(), () => true)
  const token = first?.token ?? ''
  expect(() => tail('w', { ...options, from: token })).toThrow('[SCHEMA_MISMATCH]')
  expect(() => tail('v', { ...options, from: 'yesterday' })).toThrow('[INVALID_OPTION]')
  expect(server.startups).toHaveLength(1)
})

test('T45: a token of a relation whose columns have changed is refused', async () => {
  let columns = [{ name: 'a', oid: 25 }]
  const { options } = await serve({ copy: withHistory, columns: () => columns })
  const [first] = await collect(tail('v', options).batches(), () => true)
  columns = [{ name: 'b', oid: 25 }]
  const error = await failureOf(
    collect(tail('v', { ...options, from: first?.token ?? '' }).batches(), () => true),
  )
  expect(error).toMatchObject({ code: 'SCHEMA_MISMATCH', retryable: false })
  expect(error.message).toContain('now they are b 25')
})

test('T46: a committed batch is where the next process begins; one that was not committed comes again', async () => {
  const { options } = await serve({
    copy: (client, statement) =>
      client.send(
        ...(statement.includes('AS OF 19')
          ? [accepted, progress(19)]
          : [accepted, progress(10), update(10, 1, 'a'), progress(20)]),
        update(20, 1, 'b'),
        progress(21),
      ),
  })
  const checkpoint = { store: fileCheckpoints(folder), name: 'alerts' }
  const first = tail('v', { ...options, checkpoint }).batches()
  for await (const batch of first) {
    if (batch.kind === 'snapshot') await batch.commit()
    else break // a crash before the commit
  }
  const [again] = await collect(tail('v', { ...options, checkpoint }).batches(), () => true)
  expect(again).toMatchObject({ kind: 'changes', lower: 20n, upper: 21n, updates: [{ raw: 'b' }] })
  expect(readdirSync(folder)).toEqual(['alerts.checkpoint'])
})

test('T46: a commit needs somewhere to go, and does not go back', async () => {
  const { options } = await serve({
    copy: client =>
      client.send(accepted, progress(10), update(10, 1, 'a'), progress(20), update(20, 1, 'b'), progress(21)),
  })
  const saved: string[] = []
  const store: CheckpointStore = {
    load: async () => undefined,
    save: async (_, token) => void saved.push(token),
  }
  const batches = []
  for await (const batch of tail('v', { ...options, checkpoint: { store, name: 'n' } }).batches())
    if (batches.push(batch) === 2) break
  await batches[1]?.commit()
  expect(await failureOf(Promise.resolve(batches[0]?.commit()))).toMatchObject({ code: 'COMMIT_REFUSED' })
  expect(saved).toEqual([batches[1]?.token])
  const [loose] = await collect(tail('v', options).batches(), () => true)
  expect(await failureOf(Promise.resolve(loose?.commit()))).toMatchObject({
    code: 'COMMIT_REFUSED',
  })
})

test('T46: a process that another one has replaced cannot commit any more', async () => {
  const { options } = await serve({
    copy: (client, statement) =>
      statement.includes('AS OF 19')
        ? client.send(accepted, progress(19), update(20, 1, 'b'), progress(21), progress(22))
        : client.send(
            accepted,
            progress(10),
            update(10, 1, 'a'),
            progress(20),
            update(20, 1, 'b'),
            progress(21),
          ),
  })
  const checkpoint = { store: fileCheckpoints(folder), name: 'taken-over' }
  const old = tail('v', { ...options, checkpoint }).batches()
  await (await old.next()).value?.commit()
  const fresh = tail('v', { ...options, checkpoint }).batches()
  await (await fresh.next()).value?.commit()
  expect(await failureOf((async () => (await old.next()).value?.commit())())).toMatchObject({
    code: 'COMMIT_REFUSED',
    message: expect.stringContaining('another process'),
  })
  await (await fresh.next()).value?.commit()
  await Promise.all([old.return?.(), fresh.return?.()])
})

test('T46: a checkpoint file that was damaged is refused, not taken for none', async () => {
  const store = fileCheckpoints(path.join(folder, 'damaged'))
  expect(await store.load('x')).toBeUndefined()
  await store.save('x', 'token')
  expect(await store.load('x')).toBe('token')
  const file = path.join(folder, 'damaged', 'x.checkpoint')
  const whole = readFileSync(file, 'utf8')
  for (const damaged of ['', whole.slice(0, -1), whole.replace('token', 'taken'), 'token']) {
    writeFileSync(file, damaged)
    expect(await failureOf(store.load('x'))).toMatchObject({ code: 'CHECKPOINT_CORRUPT' })
  }
  for (const name of ['', '../x', '.x', 'a/b'])
    expect(await failureOf(store.load(name))).toMatchObject({ code: 'INVALID_OPTION' })
})

test('T44: when the history is lost, a user may want the error', async () => {
  const { options } = await serve({
    copy: (client, _, index) => {
      if (index > 0) return client.send(...tooOld)
      client.send(accepted, progress(10), update(10, 1, 'a'), progress(20))
      client.end()
    },
  })
  const error = await failureOf(
    collect(tail('v', { ...options, onHistoryLost: 'fail' }).batches(), () => false),
  )
  expect(error).toMatchObject({ code: 'HISTORY_LOST', retryable: false })
})

test('T3: when the history is lost and nothing is held, a snapshot voids what came before', async () => {
  const { options } = await serve({
    copy: (client, statement, index) => {
      if (statement.includes('AS OF')) return client.send(...tooOld)
      if (index > 0)
        return client.send(
          accepted,
          progress(15),
          update(15, 1, 'a'),
          progress(16),
          update(18, -1, 'a'),
          update(18, 1, 'b'),
          progress(30),
        )
      client.send(accepted, progress(10), update(10, 1, 'a'), progress(20))
      client.end()
    },
  })
  const live = tail('v', { ...options, onHistoryLost: 'refetch' }).collection()
  await live.ready
  while (live.frontier < 30n) await new Promise(resolve => setImmediate(resolve))
  expect(live.rows()).toEqual([{ a: 'b' }])
  await live.close()
})

test('T44: a token whose history is lost has nothing to reconcile with: it fails, unless a snapshot is welcome', async () => {
  const { options } = await serve({
    copy: (client, statement) =>
      statement.includes('AS OF')
        ? client.send(...tooOld)
        : client.send(accepted, progress(10), update(10, 1, 'a'), progress(20)),
  })
  const [first] = await collect(tail('v', options).batches(), () => true)
  const from = first?.token ?? ''
  expect(await failureOf(collect(tail('v', { ...options, from }).batches(), () => true))).toMatchObject({
    code: 'HISTORY_LOST',
  })
  const [anew] = await collect(
    tail('v', { ...options, from, onHistoryLost: 'refetch' }).batches(),
    () => true,
  )
  expect(anew).toMatchObject({ kind: 'snapshot', updates: [{ raw: 'a', diff: 1 }] })
})

test('T44: single updates and changes cannot void what came before, so refetch is refused there', async () => {
  const { options } = await serve({ copy: () => {} })
  const stream = tail('v', { ...options, onHistoryLost: 'refetch' })
  expect(() => stream[Symbol.asyncIterator]()).toThrow('[INVALID_OPTION] onHistoryLost')
  expect(() => stream.changes({ key: 'a' })).toThrow('[INVALID_OPTION] onHistoryLost')
})

test('T52: a stream can begin as of a timestamp and end up to another', async () => {
  const { options, server } = await serve({
    copy: client =>
      client.send(
        accepted,
        progress(10),
        update(10, 1, 'a'),
        progress(11),
        update(12, 1, 'b'),
        progress(16),
        messages.copyDone(),
        messages.commandComplete('COPY 5'),
        messages.readyForQuery(),
      ),
  })
  const taken = await collect(tail('v', { ...options, asOf: 10n, upTo: 15n }).batches(), () => false)
  expect([...sum(taken).keys()]).toEqual(['a', 'b'])
  expect(taken.map(({ lower, upper }) => [lower, upper])).toEqual([
    [10n, 11n],
    [11n, 15n],
  ])
  expect(server.statements.at(-1)).toBe('COPY (SUBSCRIBE "v" WITH (PROGRESS) AS OF 10 UP TO 15) TO STDOUT')
  await collect(tail('v', { ...options, asOfAtLeast: 5n, upTo: 15n }).batches(), () => false)
  expect(server.statements.at(-1)).toBe(
    'COPY (SUBSCRIBE "v" WITH (PROGRESS) AS OF AT LEAST 5 UP TO 15) TO STDOUT',
  )
})

test('T52: a server that begins no earlier than the bound has told no contents, and they are not taken for empty', async () => {
  for (const rows of [[], [progress(15)]]) {
    const { options } = await serve({
      copy: client =>
        client.send(
          messages.copyOut(4),
          ...rows,
          messages.copyDone(),
          messages.commandComplete(`COPY ${rows.length}`),
          messages.readyForQuery(),
        ),
    })
    const stream = tail('v', { ...options, upTo: 15n, retry: false })
    const batches: unknown[] = []
    const error = await failureOf(
      collect(stream.batches(), batch => {
        batches.push(batch)
        return false
      }),
    )
    expect(error).toMatchObject({ code: 'UNEXPECTED_END', message: expect.stringContaining('upTo, 15') })
    expect(batches).toEqual([])
  }
})

test('T52: who goes on after a bounded stream misses nothing that came at its end or after it', async () => {
  // The last progress of this recording is beyond the UP TO of its statement, as real servers send it.
  const recorded = recording('subscribe', '53')
  const upTo = BigInt(/UP TO (\d+)/.exec(recorded.query)?.[1] ?? 0)
  const { options, server } = await serve({
    columns: [
      { name: 'k', oid: 25 },
      { name: 'v', oid: 25 },
    ],
    copy: (client, statement) =>
      statement.includes('UP TO')
        ? client.send(...recorded.messages.map(bytesOf))
        : client.send(messages.copyOut(5), progress(upTo - 1n, 2), progress(upTo + 1n, 2)),
  })
  const taken = await collect(tail('v', { ...options, upTo }).batches(), () => false)
  expect(taken.at(-1)?.upper).toBe(upTo)
  await collect(tail('v', { ...options, from: taken.at(-1)?.token ?? '' }).batches(), () => true)
  expect(server.statements.at(-1)).toContain(`AS OF ${upTo - 1n})`)
})

test('T52: who goes on after the end of a constant view is told the end, and asks nobody', async () => {
  const last = 2n ** 64n - 1n
  const { options, server } = await serve({
    copy: client =>
      client.send(
        accepted,
        progress(last),
        update(last, 1, 'a'),
        messages.copyDone(),
        messages.commandComplete('COPY 2'),
        messages.readyForQuery(),
      ),
  })
  const taken = await collect(tail('v', options).batches(), () => false)
  const from = taken.at(-1)?.token ?? ''
  expect(await collect(tail('v', { ...options, from }).batches(), () => false)).toEqual([])
  expect(server.startups).toHaveLength(1)
})

test('T52: a connection lost at the very end of a bounded stream is not asked for again', async () => {
  const { options, server } = await serve({
    copy: client => {
      client.send(accepted, progress(10), update(10, 1, 'a'), progress(15))
      client.end()
    },
  })
  await collect(tail('v', { ...options, upTo: 15n }).batches(), () => false)
  expect(server.startups).toHaveLength(1)
})

test('T52: a stream that is to begin at a timestamp that is gone fails, and never begins at another one', async () => {
  const { options, server } = await serve({
    copy: (client, statement) =>
      statement.includes('AS OF')
        ? client.send(...tooOld)
        : client.send(accepted, progress(100), update(100, 1, 'now'), progress(101)),
  })
  for (const onHistoryLost of ['reconcile', 'refetch', 'fail'] as const)
    expect(
      await failureOf(collect(tail('v', { ...options, asOf: 5n, onHistoryLost }).batches(), () => true)),
    ).toMatchObject({ code: 'HISTORY_LOST', sqlState: 'XX000' })
  expect(server.statements.filter(statement => statement.startsWith('COPY'))).toHaveLength(3)
})

test('T53: what TAIL has no words for is said before it is sent', async () => {
  const { options } = await serve({ version: undefined, copy: () => {} })
  const error = await failureOf(collect(tail('v', { ...options, upTo: 15n }).batches(), () => true))
  expect(error).toMatchObject({ code: 'UNSUPPORTED' })
  for (const wrong of [
    { asOf: -1n },
    { upTo: 5 as never },
    { asOf: 1n, from: 'x' },
    { onHistoryLost: 'pray' as never },
  ])
    expect(() => tail('v', { ...options, ...wrong })).toThrow('[INVALID_OPTION]')
})
