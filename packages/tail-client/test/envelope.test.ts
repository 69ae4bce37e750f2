import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Change, type Envelope, tail } from '../src/index.js'
import { EnvelopeParser } from '../src/rows/envelope.js'
import { messages, progress } from '../src/testing/messages.js'
import type { ScriptedClient } from '../src/testing/server.js'
import { bytesOf, recording } from './support/golden.js'
import { failureOf, serve, until } from './support/serve.js'

const columns = [
  { name: 'k', oid: 23 },
  { name: 'v', oid: 25 },
]
interface Row {
  readonly k: number
  readonly v: string
}

/** A line of a stream in an envelope. */
function line(...fields: readonly (string | number)[]): Buffer {
  return messages.copyData(`${fields.join('\t')}\n`)
}

/** So many changes; `taken` is told how many there have been. */
async function changesOf(
  stream: AsyncIterable<Change<Row>>,
  count: number,
  taken: (count: number) => void = () => {},
): Promise<unknown[]> {
  const told: unknown[] = []
  for await (const { type, row, previous } of stream) {
    told.push([type, row?.k ?? previous?.k, previous?.v, row?.v])
    taken(told.length)
    if (told.length === count) break
  }
  return told
}

/** A server that sends what was recorded, up to its end, which came from the test that recorded. */
async function played(number: string): ReturnType<typeof serve> {
  const sent = recording('subscribe', number).messages.filter(({ type }) => type === 'H' || type === 'd')
  return serve({ columns, copy: client => client.send(...sent.map(bytesOf)) })
}

test('T84: what a real server sends in ENVELOPE UPSERT are the changes that its rows made', async () => {
  const { options, server } = await played('50')
  const stream = tail<Row>('e1', options).changes({ key: 'k', envelope: 'upsert' })
  expect(await changesOf(stream, 6)).toEqual([
    ['insert', 1, undefined, 'a'],
    ['insert', 2, undefined, 'b'],
    ['update', 1, 'a', 'A'],
    ['delete', 2, 'b', undefined],
    ['insert', 3, undefined, 'c'],
    ['update', 3, 'c', 'dup'],
  ])
  expect(server.statements.at(-1)).toBe(
    'COPY (SUBSCRIBE "e1" ENVELOPE UPSERT (KEY ("k")) WITH (PROGRESS)) TO STDOUT',
  )
})

test('T84: a key that a real server says has several rows is a violation, with the key', async () => {
  const { options, server } = await played('51')
  const stream = tail<Row>('e1', options).changes({ key: ['k'], envelope: 'debezium' })
  expect(await failureOf(changesOf(stream, 9))).toMatchObject({
    code: 'KEY_VIOLATION',
    message: expect.stringMatching(/key k 3 has more than one row at timestamp 1795476837665/),
  })
  expect(server.statements.at(-1)).toContain('ENVELOPE DEBEZIUM (KEY ("k")) WITH (PROGRESS)')
})

test('T84: what a real server sends in ENVELOPE DEBEZIUM, but for its violation, are the changes that its rows made', async () => {
  const sent = recording('subscribe', '51').messages.filter(
    ({ type, hex }) => (type === 'H' || type === 'd') && !Buffer.from(hex, 'hex').includes('key_violation'),
  )
  const { options } = await serve({ columns, copy: client => client.send(...sent.map(bytesOf)) })
  const stream = tail<Row>('e1', options).changes({ key: 'k', envelope: 'debezium' })
  expect(await changesOf(stream, 4)).toEqual([
    ['insert', 1, undefined, 'A'],
    ['update', 1, 'A', 'AA'],
    ['delete', 1, 'AA', undefined],
    ['insert', 4, undefined, 'd'],
  ])
})

test('T84: after a loss, upserts begin anew with the contents, and only the difference comes', async () => {
  let first: ScriptedClient | undefined
  const { options, server } = await serve({
    columns,
    copy: (client, _statement, index) => {
      first ??= client
      client.send(messages.copyOut(5), progress(1 + 5 * index, 2))
      if (index === 0)
        client.send(line(1, 'f', 'upsert', 1, 'a'), line(1, 'f', 'upsert', 2, 'b'), progress(2, 2))
      else client.send(line(6, 'f', 'upsert', 2, 'b'), line(6, 'f', 'upsert', 3, 'c'), progress(7, 2))
      if (index > 0) client.send(line(7, 'f', 'delete', 2, '\\N'), progress(8, 2))
    },
  })
  const stream = tail<Row>('t', options).changes({ key: 'k', envelope: 'upsert' })
  expect(await changesOf(stream, 5, count => void (count === 2 && first?.reset()))).toEqual([
    ['insert', 1, undefined, 'a'],
    ['insert', 2, undefined, 'b'],
    ['delete', 1, 'a', undefined],
    ['insert', 3, undefined, 'c'],
    ['delete', 2, 'b', undefined],
  ])
  expect(server.statements.filter(each => each.startsWith('COPY')).map(each => /AS OF/.test(each))).toEqual([
    false,
    false,
  ])
})

test('T84: after a loss, an envelope with the row before is resumed as any other stream', async () => {
  let first: ScriptedClient | undefined
  const { options, server } = await serve({
    columns,
    copy: (client, _statement, index) => {
      first ??= client
      client.send(messages.copyOut(6))
      if (index > 0) return client.send(progress(2, 3), line(5, 'f', 'upsert', 1, 'a', 'b'), progress(6, 3))
      client.send(progress(1, 3), line(1, 'f', 'insert', 1, '\\N', 'a'), progress(2, 3))
    },
  })
  const stream = tail<Row>('t', options).changes({ key: 'k', envelope: 'debezium' })
  expect(await changesOf(stream, 2, count => void (count === 1 && first?.reset()))).toEqual([
    ['insert', 1, undefined, 'a'],
    ['update', 1, 'a', 'b'],
  ])
  expect(server.statements.at(-1)).toMatch(
    /DEBEZIUM \(KEY \("k"\)\) WITH \(PROGRESS, SNAPSHOT = false\) AS OF 1\)/,
  )
  await until(() => server.connections === 0)
})

test('T84: what does not go with an envelope is refused before anything happens', async () => {
  const connection = 'postgres://localhost/x'
  const wrong: readonly [string, () => unknown][] = [
    ['envelope', () => tail('t', { connection }).changes({ key: 'k', envelope: 'avro' as never })],
    ['key', () => tail('t', { connection }).changes({ key: () => '', envelope: 'upsert' })],
    [
      'onKeyViolation',
      () => tail('t', { connection }).changes({ key: 'k', envelope: 'upsert', onKeyViolation: 'report' }),
    ],
    [
      'columnNames',
      () => tail('t', { connection, columnNames: 'camelCase' }).changes({ key: 'k', envelope: 'debezium' }),
    ],
    ['envelope', () => tail('t', { connection, snapshot: false }).changes({ key: 'k', envelope: 'upsert' })],
    [
      'envelope',
      () => tail('t', { connection, onHistoryLost: 'fail' }).changes({ key: 'k', envelope: 'upsert' }),
    ],
  ]
  for (const [name, call] of wrong) expect(call).toThrow(`[INVALID_OPTION] ${name} is `)
  const { options } = await serve({ columns, copy: client => client.send(messages.copyOut(5)) })
  const stream = tail('t', options).changes({ key: 'nope', envelope: 'upsert' })
  expect((await failureOf(stream.next())).code).toBe('INVALID_OPTION')
  const old = tail('t', { ...options, generation: 'tail' }).changes({ key: 'k', envelope: 'upsert' })
  expect((await failureOf(old.next())).code).toBe('UNSUPPORTED')
})

test('T84: a line that does not fit its envelope is refused', () => {
  const sink = { update: () => true, progress: () => {} }
  const parse = (kind: Envelope, text: string): boolean => {
    const bytes = Buffer.from(text)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return new EnvelopeParser(sink, { kind, key: ['k'] }, ['k', 'v'], 1).parse(bytes, view, 0, bytes.length)
  }
  for (const text of [
    '',
    '1\tf\tupsert\t1',
    'x\tf\tupsert\t1\ta',
    '1\tf\twhat\t1\ta',
    '1\tf\tdelete\t1\t\\N',
  ])
    expect(() => parse('upsert', text)).toThrow('[PROTOCOL]')
  expect(() => parse('debezium', '1\tf\twhat\t1\ta\tb')).toThrow('[PROTOCOL]')
  expect(parse('upsert', '1\tf\tupsert\t1\ta\n1\tf\tupsert\t2\tb')).toBe(false)
})

/** What happens to rows by key, a list of them each timestamp: null goes, text comes. */
const story = fc.array(
  fc.dictionary(fc.constantFrom('0', '1', '2'), fc.option(fc.constantFrom('a', 'ö\\t', '', '\\N'))),
  { minLength: 1, maxLength: 12 },
)

test.each<[Envelope]>([['upsert'], ['debezium']])(
  'T84: in ENVELOPE %s the updates are those of a stream without an envelope, in the order of its columns',
  kind => {
    fc.assert(
      fc.property(story, moments => {
        const rows = new Map<string, string>()
        const told: string[] = []
        const sink = {
          update: (
            _timestamp: bigint,
            diff: number,
            bytes: Buffer,
            _view: DataView,
            from: number,
            to: number,
          ) => {
            told.push(`${diff} ${bytes.toString('utf8', from, to)}`)
            return true
          },
          progress: () => {},
        }
        // The key comes first on the wire, wherever it stands in the relation.
        const parser = new EnvelopeParser(sink, { kind, key: ['k'] }, ['v', 'k'], 10)
        const expected: string[] = []
        moments.forEach((moment, timestamp) => {
          for (const [k, v] of Object.entries(moment)) {
            const before = rows.get(k)
            if (v === null && before === undefined) continue
            if (before !== undefined) expected.push(`-1 ${before}\t${k}`)
            if (v !== null) expected.push(`1 ${v}\t${k}`)
            const state =
              v === null ? 'delete' : before === undefined && kind === 'debezium' ? 'insert' : 'upsert'
            const values = kind === 'upsert' ? [v ?? '\\N'] : [before ?? '\\N', v ?? '\\N']
            const bytes = Buffer.from([timestamp, 'f', state, k, ...values].join('\t'))
            const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
            expect(parser.parse(bytes, view, 0, bytes.length)).toBe(true)
            if (v === null) rows.delete(k)
            else rows.set(k, v)
          }
        })
        expect(told).toEqual(expected)
      }),
    )
  },
)

test('T84: changes in an envelope are held to the same bounds: keys of maxHeldRows', async () => {
  const { options } = await serve({
    columns,
    copy: client =>
      client.send(
        messages.copyOut(5),
        progress(1, 2),
        line(1, 'f', 'upsert', 1, 'a'),
        line(1, 'f', 'upsert', 2, 'b'),
        progress(2, 2),
      ),
  })
  const stream = tail<Row>('t', { ...options, maxHeldRows: 1 }).changes({ key: 'k', envelope: 'upsert' })
  expect((await failureOf(collectAll(stream))).code).toBe('TOO_MANY_ROWS')
})

async function collectAll(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream) expect.unreachable()
}
