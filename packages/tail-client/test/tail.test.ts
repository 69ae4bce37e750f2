import { expect, test } from 'vitest'
import { sql, tail } from '../src/index.js'
import { messages, progress, update } from '../src/testing/messages.js'
import { accepted, collect, serve, until } from './support/serve.js'

test('a loop over a view gets its rows, then its changes, with typed values', async () => {
  const { options, server } = await serve({
    columns: [
      { name: 'name', oid: 25 },
      { name: 'count', oid: 20 },
    ],
    copy: client =>
      client.send(
        messages.copyOut(5),
        progress(10, 2),
        update(10, 1, 'a\t1'),
        progress(11, 2),
        update(11, -1, 'a\t1'),
        update(11, 1, 'a\t2'),
        progress(12, 2),
      ),
  })
  const seen: unknown[] = []
  for await (const { row, diff, timestamp } of tail('counts', options)) {
    seen.push([row, diff, timestamp])
    if (seen.length === 3) break
  }
  expect(seen).toEqual([
    [{ name: 'a', count: 1n }, 1, 10n],
    [{ name: 'a', count: 1n }, -1, 11n],
    [{ name: 'a', count: 2n }, 1, 11n],
  ])
  expect(server.statements.at(-1)).toBe('COPY (SUBSCRIBE "counts" WITH (PROGRESS)) TO STDOUT')
})

test('T57: an old server is spoken to in TAIL, found out by asking for its version', async () => {
  const { options, server } = await serve({
    version: undefined,
    copy: client => client.send(accepted, update(9, 1, 'x'), progress(10)),
  })
  const [first] = await collect(tail('public.alerts', options).batches(), () => true)
  expect(first).toMatchObject({ kind: 'snapshot', lower: 9n, upper: 10n })
  expect(server.statements).toEqual([
    'SELECT mz_version()',
    'TAIL "public"."alerts" WITH (PROGRESS)',
    'COPY (TAIL "public"."alerts" WITH (PROGRESS)) TO STDOUT',
  ])
})

test('T54: a query is tailed with its values inlined', async () => {
  const { options, server } = await serve({ copy: client => client.send(accepted, progress(1), progress(2)) })
  await collect(tail(sql`select * from t where o = ${"O'Neil"}`, options).batches(), () => true)
  expect(server.statements.at(-1)).toBe(
    "COPY (SUBSCRIBE (select * from t where o = 'O''Neil') WITH (PROGRESS)) TO STDOUT",
  )
})

test('T42: changes() pairs what goes and what comes by key, in whatever order they arrive', async () => {
  const { options } = await serve({
    columns: [
      { name: 'k', oid: 23 },
      { name: 'v', oid: 25 },
    ],
    copy: client =>
      client.send(
        messages.copyOut(5),
        progress(1, 2),
        update(1, 1, '1\ta'),
        progress(2, 2),
        update(2, 1, '1\tb'),
        update(2, -1, '1\ta'),
        progress(3, 2),
        update(3, -1, '1\tb'),
        progress(4, 2),
      ),
  })
  const seen: unknown[] = []
  for await (const { type, row, previous } of tail<{ k: number; v: string }>('t', options).changes({
    key: 'k',
  })) {
    seen.push([type, row?.v, previous?.v])
    if (type === 'delete') break
  }
  expect(seen).toEqual([
    ['insert', 'a', undefined],
    ['update', 'b', 'a'],
    ['delete', undefined, 'b'],
  ])
})

test('T37: collection() is ready with the snapshot and stays current, rows as often as they are there', async () => {
  const { options } = await serve({
    copy: client =>
      client.send(
        accepted,
        progress(1),
        update(1, 2, 'a'),
        progress(2),
        update(2, -1, 'a'),
        update(2, 1, 'b'),
        progress(3),
      ),
  })
  const live = tail<{ a: string }>('v', options).collection()
  await live.ready
  await until(() => live.frontier === 3n)
  expect(live.rows()).toEqual([{ a: 'a' }, { a: 'b' }])
  await live.close()
  await live.ended
})

test('T54: settings, user and application name reach the server at login', async () => {
  const { server } = await serve({ copy: client => client.send(accepted, progress(1), progress(2)) })
  const { port } = new URL(server.url)
  const connection = {
    host: '127.0.0.1',
    port: Number(port),
    user: 'alerts',
    database: 'd',
    settings: { cluster: 'my cluster' },
  }
  await collect(tail('v', { connection: () => Promise.resolve(connection) }).batches(), () => true)
  expect(server.startups[0]).toMatchObject({
    user: 'alerts',
    database: 'd',
    application_name: 'mzalert',
    options: '--cluster=my\\ cluster',
  })
})
