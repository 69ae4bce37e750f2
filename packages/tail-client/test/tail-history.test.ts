import { expect, test } from 'vitest'
import { type TailOptions, tail } from '../src/index.js'
import { progress, update } from '../src/testing/messages.js'
import type { Script } from '../src/testing/server.js'
import { accepted, collect, failureOf, serve } from './support/serve.js'

/**
 * A v0.26 that is restarted after the first stream, and has forgotten that `b` came at 25: it takes AS OF all the same, and goes on
 * with what comes next.
 */
const forgets: Script = {
  version: undefined,
  copy: (client, statement, index) => {
    if (statement.includes('AS OF')) return client.send(accepted, update(30, 1, 'c'), progress(31))
    if (index > 0)
      return client.send(accepted, update(30, 1, 'a'), update(30, 1, 'b'), update(30, 1, 'c'), progress(31))
    client.send(
      accepted,
      ...(statement.includes('SNAPSHOT = false') ? [progress(10)] : [update(10, 1, 'a')]),
      progress(20),
    )
    client.end()
  },
}

async function secondBatch(given: Partial<TailOptions>): Promise<readonly [string, readonly string[]]> {
  const { options } = await serve(forgets)
  const taken = await collect(tail('v', { ...options, ...given }).batches(), ({ length }) => length === 2)
  return [taken[1]?.kind ?? '', taken[1]?.updates.map(({ raw }) => raw) ?? []]
}

test('T70: where nothing is held, a lost connection to a server that speaks TAIL is lost history, and not a resume that may leave out updates', async () => {
  for (const given of [{ onHistoryLost: 'fail' }, { snapshot: false }] as const)
    expect(await failureOf(secondBatch(given))).toMatchObject({
      code: 'HISTORY_LOST',
      retryable: false,
      message: expect.stringContaining('trustTailHistory'),
    })
})

test('T70: a token or a checkpoint of a server that speaks TAIL is lost history in another process', async () => {
  const { options, server } = await serve(forgets)
  const [first] = await collect(tail('v', options).batches(), () => true)
  const from = first?.token ?? ''
  const checkpoint = { name: 'n', store: { load: async () => from, save: async () => {} } }
  for (const given of [{ from }, { checkpoint }])
    expect(await failureOf(collect(tail('v', { ...options, ...given }).batches(), () => true))).toMatchObject(
      { code: 'HISTORY_LOST' },
    )
  expect(server.statements.join()).not.toContain('AS OF')
})

test('T70: where a snapshot is welcome, it stands for the history that a server that speaks TAIL may have lost', async () => {
  expect(await secondBatch({})).toEqual(['reconciled', ['b', 'c']])
  expect(await secondBatch({ onHistoryLost: 'refetch' })).toEqual(['snapshot', ['a', 'b', 'c']])
  const { options } = await serve(forgets)
  const [first] = await collect(tail('v', options).batches(), () => true)
  const [again] = await collect(
    tail('v', { ...options, from: first?.token ?? '', onHistoryLost: 'refetch' }).batches(),
    () => true,
  )
  expect(again).toMatchObject({ kind: 'snapshot', lower: 20n, upper: 31n })
})

test('T70: who knows that the server was not restarted may have TAIL resumed where it ended', async () => {
  for (const given of [{}, { onHistoryLost: 'fail' }, { snapshot: false }] as const)
    expect(await secondBatch({ ...given, trustTailHistory: true })).toEqual(['changes', ['c']])
  const { options, server } = await serve(forgets)
  const [first] = await collect(tail('v', options).batches(), () => true)
  const from = first?.token ?? ''
  const [next] = await collect(tail('v', { ...options, from, trustTailHistory: true }).batches(), () => true)
  expect(next).toMatchObject({ kind: 'changes', lower: 20n, upper: 31n })
  expect(server.statements.at(-1)).toBe(
    'COPY (TAIL "v" WITH (PROGRESS, SNAPSHOT = false) AS OF 19) TO STDOUT',
  )
})
