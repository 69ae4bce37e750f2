import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Bridge, bridge } from '../../src/bridge/bridge.js'
import {
  type RemoteWrite,
  type RemoteWriteEvent,
  type RemoteWriteOptions,
  remoteWrite,
} from '../../src/remote-write.js'
import { Receiver } from '../support/receiver.js'
import { TestSource, until, update } from '../support/source.js'

let receiver: Receiver
let source: TestSource
let made: Bridge
let push: RemoteWrite
let events: RemoteWriteEvent[]
let nowMs: number

function start(more: Partial<RemoteWriteOptions> = {}): void {
  made = bridge({
    views: [{ view: 'v', labels: { a: 'a' }, source, value: { column: 'n' } }],
    now: () => nowMs,
  })
  push = remoteWrite(made, {
    url: receiver.url,
    intervalMs: 10_000_000,
    retry: { initialMs: 1 },
    now: () => nowMs,
    onEvent: event => events.push(event),
    ...more,
  })
}

beforeEach(async () => {
  receiver = await Receiver.start()
  source = new TestSource()
  events = []
  nowMs = 1000
})
afterEach(async () => {
  await push.close()
  await made.close()
  await receiver.close()
})

const row = (a: string | null, n: unknown = 1): Record<string, unknown> => ({ a, n })
const liveRows = (): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...receiver.live].flatMap(([labels, value]) => {
      const { __name__, a = '' } = JSON.parse(labels) as { readonly __name__: string; readonly a?: string }
      return __name__ === 'v' ? [[a, value]] : []
    }),
  )

test('B36: a receiver has every row and what we say about ourselves, and a row that went is ended there', async () => {
  start({ labels: { job: 'event_exporter' } })
  await source.snapshot([row('A', 1.5), row('ü"\\\n', Number.NaN), row(null, 7)])
  await push.flush()
  expect(liveRows()).toEqual({ A: 1.5, 'ü"\\\n': Number.NaN, '': 7 })
  expect(receiver.live.get('{"__name__":"mzalert_view_up","job":"event_exporter","view":"v"}')).toBe(1)
  expect(receiver.headers[0]).toMatchObject({
    'content-encoding': 'snappy',
    'content-type': 'application/x-protobuf',
    'x-prometheus-remote-write-version': '0.1.0',
  })
  await source.changes(update(row('A', 1.5), -1))
  await push.flush()
  expect(Object.keys(liveRows())).toEqual(['ü"\\\n', ''])
  expect(receiver.markers).toBe(1)
  await push.flush()
  expect(receiver.markers).toBe(1)
})

test('rows that do not change are sent again in every interval', async () => {
  start({ intervalMs: 1 })
  await source.snapshot([row('A')])
  await until(() => receiver.requests > 2)
  expect(liveRows()).toEqual({ A: 1 })
})

test('B33: timestamps only grow, also when the clock is set back', async () => {
  start()
  await source.snapshot([row('A')])
  for (const ms of [5000, 1000, 1000, 6000]) {
    nowMs = ms
    await push.flush()
  }
  expect(events.map(({ type }) => type)).toEqual(['sent', 'sent', 'sent', 'sent'])
})

test('many rows are many requests, none of them large', async () => {
  start()
  await source.snapshot(Array.from({ length: 4500 }, (_, index) => row(`${index}`)))
  await push.flush()
  expect(receiver.requests).toBe(3)
  expect(Object.keys(liveRows())).toHaveLength(4500)
})

describe('a receiver that', () => {
  test('is busy, or gone, is tried again, and then left until the next interval', async () => {
    start()
    await source.snapshot([row('A')])
    receiver.answers.push(503, 429, 'dropped')
    await push.flush()
    expect(events.map(({ type }) => type)).toEqual(['retry', 'retry', 'given-up'])
    expect(liveRows()).toEqual({})
    await push.flush()
    expect(liveRows()).toEqual({ A: 1 })
  })

  test('cannot be had is left alone until the next interval, however many requests there would be', async () => {
    start()
    await source.snapshot(Array.from({ length: 9000 }, (_, index) => row(`${index}`)))
    receiver.answers.push(503, 503, 503)
    await push.flush()
    expect(receiver.requests).toBe(3)
    expect(events.at(-1)).toEqual({ type: 'given-up', problem: '503 refused with 503', attempts: 3 })
    await push.flush()
    expect(Object.keys(liveRows())).toHaveLength(9000)
    expect(receiver.live.get('{"__name__":"mzalert_remote_write_up"}')).toBe(0)
    await push.flush()
    expect(receiver.live.get('{"__name__":"mzalert_remote_write_up"}')).toBe(1)
    expect(receiver.live.get('{"__name__":"mzalert_remote_write_requests_total","outcome":"failed"}')).toBe(3)
  })

  test('sends elsewhere is not followed: what is sent there would be no write', async () => {
    start({ headers: { authorization: 'Bearer token' } })
    await source.snapshot([row('A')])
    receiver.answers.push(response => response.writeHead(302, { location: `${receiver.url}/new` }).end())
    await push.flush()
    expect(receiver.requests).toBe(1)
    expect(events).toMatchObject([
      { type: 'refused', status: 302, problem: `redirected to ${receiver.url}/new: use that as url` },
    ])
  })

  test('answers without an end is read in its beginning only, and not unpacked', async () => {
    start()
    await source.snapshot([row('A')])
    const hangsUp = new Promise<void>(resolve => {
      receiver.answers.push(response => {
        response.writeHead(400)
        const more = (): void => {
          while (response.write('no '.repeat(10_000)));
        }
        response.on('drain', more).on('close', resolve)
        more()
      })
    })
    await push.flush()
    await hangsUp
    expect(receiver.headers[0]).toMatchObject({ 'accept-encoding': 'identity' })
    expect(events).toMatchObject([{ type: 'refused', status: 400 }])
    expect('problem' in (events[0] ?? {}) && events[0]).toMatchObject({
      problem: expect.stringMatching(/^(no )+n?o?$/),
    })
  })

  test('refuses a request is not asked again, and it is said how many series that are', async () => {
    start()
    await source.snapshot([row('A')])
    receiver.answers.push(400)
    await push.flush()
    expect(receiver.requests).toBe(1)
    expect(events).toMatchObject([{ type: 'refused', status: 400, problem: 'refused with 400' }])
  })

  test('took a row although its answer was lost is told when that row goes', async () => {
    start()
    await source.snapshot([row('A')])
    receiver.answers.push('lost', 503, 503)
    await push.flush()
    expect(liveRows()).toEqual({ A: 1 })
    await source.changes(update(row('A'), -1))
    await push.flush()
    expect(liveRows()).toEqual({})
  })
})

test('B36: whatever changes, and whatever the receiver does, it has exactly our rows as soon as it takes everything', async () => {
  const step = fc.record({
    rows: fc.array(fc.tuple(fc.constantFrom('A', 'B', 'C'), fc.nat(2)), { maxLength: 3 }),
    answers: fc.array(fc.constantFrom<number | 'lost' | 'dropped'>(503, 'lost', 'dropped'), { maxLength: 4 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 5 }), async steps => {
      source = new TestSource()
      start({ endOnClose: false })
      receiver.live.clear()
      await source.snapshot([])
      let now = new Map<string, number>()
      for (const { rows, answers } of [...steps, { rows: [], answers: [] }]) {
        const next = new Map(rows)
        await source.changes(
          ...[...now].map(([a, n]) => update(row(a, n), -1)),
          ...[...next].map(([a, n]) => update(row(a, n))),
        )
        now = next
        receiver.answers.splice(0, receiver.answers.length, ...answers)
        nowMs += 1000
        await push.flush()
      }
      expect(liveRows()).toEqual(Object.fromEntries(now))
      await push.close()
      await made.close()
    }),
    { numRuns: 60 },
  )
}, 60_000)

test('B36: a restart ends nothing, unless that is wished', async () => {
  start()
  await source.snapshot([row('A')])
  await push.flush()
  await push.close()
  expect(liveRows()).toEqual({ A: 1 })
  receiver.live.clear()
  source = new TestSource()
  start({ endOnClose: true })
  await source.snapshot([row('A')])
  await push.flush()
  await push.close()
  await push[Symbol.asyncDispose]()
  expect(receiver.markers).toBeGreaterThan(10)
  expect(receiver.live.size).toBe(0)
})

test('nothing is sent after the end of all series', async () => {
  start({ endOnClose: true })
  await source.snapshot([row('A')])
  await push.flush()
  receiver.answers.push(503)
  const closed = push.close()
  await push.flush()
  await closed
  await push.flush()
  expect(receiver.live.size).toBe(0)
})

test('a request is over in time, and with close(), also if fetch does not listen to its signal', async () => {
  start({ timeoutMs: 1, fetch: () => new Promise(() => {}) })
  await source.snapshot([row('A')])
  await push.flush()
  expect(events.at(-1)).toEqual({ type: 'given-up', problem: 'No answer within 1 ms.', attempts: 3 })
  const isAsked = new Promise<void>(resolve => {
    start({
      fetch: () => {
        resolve()
        return new Promise(() => {})
      },
    })
  })
  void push.flush()
  await isAsked
  await push.close()
})

test('a user and a password in the URL are sent as HTTP has it', async () => {
  start({ url: `http://u%40x:p%3A%2F@${receiver.host}/api/v1/write` })
  await source.snapshot([row('A')])
  await push.flush()
  expect(liveRows()).toEqual({ A: 1 })
  expect(receiver.headers[0]).toMatchObject({
    authorization: `Basic ${Buffer.from('u@x:p:/').toString('base64')}`,
  })
})

test('what should not happen ends a round, and not those that follow', async () => {
  start()
  let isBroken = true
  const broken = {
    labelNames: [],
    samples: () => {
      if (isBroken) throw new Error('broken')
      return made.samples()
    },
  }
  await using other = remoteWrite(broken, {
    url: receiver.url,
    intervalMs: 1,
    now: () => nowMs,
    onEvent: event => events.push(event),
  })
  await until(() => events.length > 1)
  expect(events[0]).toMatchObject({ type: 'given-up', problem: 'Error: broken' })
  isBroken = false
  await other.flush()
  expect(receiver.requests).toBeGreaterThan(0)
})

test.each([
  [{ url: 'prometheus:9090' }, '[INVALID_OPTION] url cannot be used'],
  [{ url: 'http://' }, '[INVALID_OPTION] url cannot be used'],
  [{ url: 'http://u:secret%@h/' }, '[INVALID_OPTION] url cannot be used'],
  [{ url: 'http://u:secret@h/', headers: { Authorization: 'x' } }, '[INVALID_OPTION] headers.authorization'],
  [{ headers: { a: 'secret\nb' } }, '[INVALID_OPTION] headers.a cannot be used'],
  [{ intervalMs: 0 }, '[INVALID_OPTION] intervalMs is 0.'],
  [{ labels: { 'a-b': 'x' } }, '[INVALID_OPTION] labels is {"a-b":"x"}.'],
  [{ labels: { port: 9090 as unknown as string } }, '[INVALID_OPTION] labels.port is 9090. It takes a text.'],
])('options that cannot be used are refused, and no secret is shown: %j', (options, message) => {
  start()
  const make = (): unknown => remoteWrite(made, { url: receiver.url, ...options })
  expect(make).toThrow(message)
  expect(make).not.toThrow('secret')
})

test.each(['a', 'view', 'le', 'outcome'])(
  'B36: a label %s that series have already is refused, as two of them could become one',
  name => {
    start()
    expect(() => remoteWrite(made, { url: receiver.url, labels: { [name]: 'x' } })).toThrow(
      `[INVALID_OPTION] labels.${name} is a label that series have already`,
    )
  },
)

test('the names of labels are those of all series', async () => {
  start({ endOnClose: false })
  await source.snapshot([row('A')])
  await push.flush()
  const seen = new Set([...receiver.live.keys()].flatMap(labels => Object.keys(JSON.parse(labels) as object)))
  seen.delete('__name__')
  // Only views of alerts have transitions.
  seen.add('to')
  expect([...seen].sort()).toEqual([...made.labelNames].sort())
})
