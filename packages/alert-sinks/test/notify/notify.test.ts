import { describe, expect, test, vi } from 'vitest'
import { SinksError } from '../../src/errors.js'
import { notify } from '../../src/notify/notifier.js'
import { memoryStore } from '../../src/stores/memory.js'
import type { Alert, NotifyOptions, Sink } from '../../src/types.js'
import { type Row, row } from '../support/batches.js'
import { closedAfterEach, Running } from '../support/running.js'
import { TestSink, unreachable } from '../support/sink.js'
import { settled, TestSource } from '../support/source.js'

const start = closedAfterEach()

describe('from rows to sinks', () => {
  test('a row that appears is told, and its end, once each', async () => {
    const { source, sink, notifier } = start()
    await source.snapshot([row('A')])
    await notifier.ready
    await source.changes([row('A'), -1, 2000], [row('B'), 1, 2000])
    await settled()
    expect(sink.told).toEqual(['A firing', 'B firing', 'A resolved'])
    expect(sink.calls[0]).toEqual([
      {
        status: 'firing',
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        labels: { alertname: 'spike', org: 'A' },
        annotations: { n: '-' },
        links: {},
        generatorURL: undefined,
        startsAtMs: 1000,
        endsAtMs: undefined,
        reason: 'transition',
      },
    ])
    expect(sink.calls.at(-1)?.find(({ status }) => status === 'resolved')).toMatchObject({
      startsAtMs: 1000,
      endsAtMs: 2000,
    })
  })

  test('everything that is there at the start is told in one call', async () => {
    const { source, sink } = start()
    await source.snapshot(['A', 'B', 'C'].map(org => row(org)))
    await settled()
    expect(sink.calls.map(call => call.length)).toEqual([3])
  })

  test('S5: a changed text is an update of the same alert, for who wants to hear of it', async () => {
    const [all, few] = [new TestSink('all'), new TestSink('few', { updates: false })]
    const { source } = start({ sinks: [all, few] })
    await source.snapshot([row('A', { n: 1 })])
    await source.changes([row('A', { n: 1 }), -1, 2000], [row('A', { n: 2 }), 1, 2000])
    await settled()
    expect(all.calls.flat()).toMatchObject([
      { reason: 'transition', startsAtMs: 1000, annotations: { n: '1' } },
      { reason: 'update', startsAtMs: 1000, annotations: { n: '2' } },
    ])
    expect(few.calls.flat()).toMatchObject([{ reason: 'transition' }])
  })

  test('what is told is never in the future, whatever the clock of the server says', async () => {
    const { source, sink, now } = start()
    await source.snapshot([row('A')], 5_000_000)
    await source.changes([row('A'), -1, 6_000_000])
    await settled()
    expect(sink.calls.at(-1)).toMatchObject([{ status: 'resolved', startsAtMs: now(), endsAtMs: now() }])
  })

  test('S5: an alert has one beginning and one end, however often it is sent while the clock of the server is ahead', async () => {
    const running = start({}, new TestSink('test', { resend: { everyMs: 60_000, resolvedForMs: 900_000 } }))
    const { source, sink, now } = running
    const beganAtMs = now()
    await source.snapshot([row('A', { n: 1 })], 5_000_000)
    await running.pass(120_000, 10_000)
    await source.changes([row('A', { n: 1 }), -1, 5_100_000], [row('A', { n: 2 }), 1, 5_100_000])
    await running.pass(10_000)
    const endedAtMs = now()
    await source.changes([row('A', { n: 2 }), -1, 5_200_000])
    await running.pass(120_000, 10_000)
    const told = sink.calls.flat()
    expect(told.length).toBeGreaterThan(5)
    expect(new Set(told.map(({ startsAtMs }) => startsAtMs))).toEqual(new Set([beganAtMs]))
    expect(new Set(told.map(({ endsAtMs }) => endsAtMs))).toEqual(new Set([undefined, endedAtMs]))
  })

  test('a function alone is a sink', async () => {
    const told: string[] = []
    async function print(alerts: readonly Alert[]): Promise<void> {
      for (const { status, labels } of alerts) told.push(`${labels['org']} ${status}`)
    }
    const { source, notifier } = start({ sinks: [print] })
    await source.snapshot([row('A')])
    await settled()
    expect(told).toEqual(['A firing'])
    expect(notifier.inspect().sinks).toMatchObject([{ name: 'print', sent: 1 }])
  })

  test('a dry run decides and tells everything, and sends and stores nothing', async () => {
    const store = memoryStore()
    const { source, sink, heard, notifier } = start({ dryRun: true, store })
    const delivered: unknown[] = []
    notifier.events.on('delivered', ({ sink, alerts, isDryRun }) =>
      delivered.push([sink, alerts.length, isDryRun]),
    )
    await source.snapshot([row('A')])
    await settled()
    expect(heard).toEqual(['A firing'])
    expect(delivered).toEqual([['test', 1, true]])
    expect(sink.calls).toEqual([])
    expect(await store.load('spike')).toBeUndefined()
  })

  test('a listener that throws stops nothing', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const { source, sink, notifier } = start()
    notifier.events.on('firing', () => {
      throw new Error('from a listener')
    })
    await source.snapshot([row('A'), row('B')])
    await settled()
    expect(sink.told).toEqual(['A firing', 'B firing'])
    expect(warned.mock.calls.map(String)).toEqual(['Error: from a listener', 'Error: from a listener'])
    warned.mockRestore()
  })
})

describe('sinks that fail', () => {
  test('S1: what could not be sent is sent when it can be, and only the newest state', async () => {
    const running = start()
    const { source, sink } = running
    sink.error = unreachable()
    await source.snapshot([row('A'), row('B'), row('C', { n: 1 })])
    await running.pass(10_000)
    await source.changes([row('A'), -1, 2000], [row('C', { n: 1 }), -1, 2000], [row('C', { n: 2 }), 1, 2000])
    await running.pass(600_000, 20_000)
    sink.error = undefined
    await running.pass(60_000)
    expect(sink.told.toSorted()).toEqual(['A resolved', 'B firing', 'C firing'])
    expect(sink.calls.flat().find(({ status }) => status === 'resolved')).toMatchObject({
      startsAtMs: 1000,
      endsAtMs: 2000,
    })
    expect(sink.calls.flat().find(({ labels }) => labels['org'] === 'C')?.annotations).toEqual({ n: '2' })
    expect(running.notifier.inspect().sinks).toMatchObject([
      { queued: 0, coalesced: 2, lastError: undefined },
    ])
  })

  test('S2: a sink that is down neither delays nor loses what goes to another', async () => {
    const [up, down, hangs] = [new TestSink('up'), new TestSink('down'), new TestSink('hangs')]
    down.error = unreachable()
    hangs.gate = new Promise(() => {})
    const { source } = start({ sinks: [down, hangs, up] })
    await source.snapshot([row('A')])
    await settled()
    await source.changes([row('A'), -1, 2000], [row('B'), 1, 2000])
    await settled()
    expect(up.told).toEqual(['A firing', 'B firing', 'A resolved'])
  })

  test('S1: a sink hears of the states of an alert in order, also when a call is slow', async () => {
    let open = (): void => {}
    const running = start({}, new TestSink('slow', { concurrency: 4, batchSize: 1 }))
    const { source, sink } = running
    sink.gate = new Promise(resolve => {
      open = resolve
    })
    await source.snapshot([row('A'), row('B')])
    await settled()
    sink.gate = undefined
    await source.changes([row('A'), -1, 2000])
    await settled()
    expect(sink.told).toEqual([])
    open()
    await settled()
    expect(sink.told.filter(each => each.startsWith('A'))).toEqual(['A firing', 'A resolved'])
  })

  test('S11: waiting times double up to a limit, and are a random share of that', async () => {
    const running = start({ retry: { initialMs: 100, maxMs: 1000 } })
    running.sink.error = unreachable()
    await running.source.snapshot([row('A')])
    await running.pass(5000, 10)
    const delays = running.heard
      .filter(each => each.startsWith('retry'))
      .map(each => Number(each.split(' ')[2]))
    expect(delays.slice(0, 6)).toEqual([50, 100, 200, 400, 500, 500])
  })

  test('S11: nobody is asked again before the time that they asked for', async () => {
    const running = start({ retry: { initialMs: 100 } })
    running.sink.error = unreachable(30_000)
    await running.source.snapshot([row('A')])
    await settled()
    running.sink.error = undefined
    await running.pass(30_000)
    expect(running.sink.told).toEqual([])
    await running.pass(1000, 10)
    expect(running.sink.told).toEqual(['A firing'])
    expect(running.heard).toEqual(['A firing', 'retry in 30050 SEND_FAILED'])
  })

  test('S11: the time that any error asks for is kept to, and one of ours may pass unless it says otherwise', async () => {
    const running = start({ retry: { initialMs: 100 } })
    running.sink.error = Object.assign(new Error('busy'), { retryAfterMs: 30_000 })
    await running.source.snapshot([row('A')])
    await running.pass(20_000)
    running.sink.error = new SinksError('SEND_FAILED', 'Nobody is there.')
    await running.pass(11_000)
    running.sink.error = new SinksError('INVALID_OPTION', 'Its address is empty.')
    await running.pass(1000)
    const retries = running.heard.filter(each => each.startsWith('retry'))
    expect(retries.slice(0, 3)).toEqual([
      'retry in 30050 SEND_FAILED',
      'retry in 100 SEND_FAILED',
      'retry in 200 SEND_FAILED',
    ])
    expect(running.notifier.inspect().sinks[0]?.lastError).toBe(
      '[SEND_FAILED] Sink "test" failed: [INVALID_OPTION] Its address is empty. It is tried again.',
    )
  })

  test('S11: a call that takes too long is given up, and tried again', async () => {
    const running = start({}, new TestSink('slow', { timeoutMs: 2000 }))
    running.sink.gate = new Promise(() => {})
    await running.source.snapshot([row('A')])
    await settled()
    await running.pass(2000)
    expect(running.heard).toEqual(['A firing', 'retry in 250 SEND_TIMEOUT'])
    running.sink.gate = undefined
    await running.pass(1000)
    expect(running.sink.told).toEqual(['A firing'])
  })

  test('S10: an alert that the other side trips over does not keep the others from arriving', async () => {
    const running = start()
    const { source, sink } = running
    sink.error = (alerts: readonly Alert[]) => {
      if (alerts.some(({ labels }) => labels['org'] === 'bad')) throw unreachable()
      sink.calls.push(alerts)
    }
    await source.snapshot(['bad', ...Array.from({ length: 99 }, (_, at) => `org${at}`)].map(org => row(org)))
    await running.pass(600_000)
    expect(new Set(sink.told).size).toBe(99)
  })

  test('a queue that is full gives up what waited longest, and says so', async () => {
    const running = start({ maxQueued: 2 })
    running.sink.error = unreachable()
    await running.source.snapshot([row('A')])
    await settled()
    await running.source.changes([row('B'), 1, 2000], [row('C'), 1, 2000])
    await settled()
    expect(running.heard).toContain('A failed QUEUE_FULL')
    running.sink.error = undefined
    await running.pass(10_000)
    expect(running.sink.told.toSorted()).toEqual(['B firing', 'C firing'])
    expect(running.notifier.inspect().sinks).toMatchObject([{ dropped: 1 }])
  })

  test('what a sink throws may be anything', async () => {
    const running = start()
    running.sink.error = 'out of paper'
    await running.source.snapshot([row('A')])
    await settled()
    expect(running.notifier.inspect().sinks[0]?.lastError).toBe(
      '[SEND_FAILED] Sink "test" failed: out of paper. It is tried again.',
    )
    running.sink.error = Object.assign(new Error('no such room'), { retryable: false })
    await running.pass(1000)
    expect(running.notifier.inspect().sinks[0]?.lastError).toContain(
      '[SEND_REJECTED] Sink "test" failed: no such room.',
    )
  })
})

describe('the stream', () => {
  test('S3: a snapshot that is long in coming resolves nothing; once it is there, what it lacks is resolved', async () => {
    const store = memoryStore()
    const first = new Running({ store })
    await first.source.snapshot([row('A'), row('B')])
    await first.close()
    const second = start(
      { store },
      new TestSink('test', { resend: { everyMs: 60_000, resolvedForMs: 900_000 } }),
    )
    await second.pass(120_000)
    expect(new Set(second.sink.told)).toEqual(new Set(['A firing', 'B firing']))
    expect(second.heard).toEqual([])
    await second.source.snapshot([row('B')], 9000)
    await settled()
    expect(second.heard).toEqual(['A resolved'])
    expect(second.sink.told.at(-1)).toBe('A resolved')
  })

  test('S3: a stream that failed resolves nothing, and is reported', async () => {
    const { source, notifier, heard, sink } = start()
    await source.snapshot([row('A')])
    source.fail(new Error('the view is gone'))
    await settled()
    expect(heard).toEqual(['A firing', 'ended STREAM_FAILED'])
    expect(sink.told).toEqual(['A firing'])
    expect(notifier.inspect()).toMatchObject({ alerts: [{ state: 'firing' }] })
  })

  test('a stream that does not begin with a snapshot is refused', async () => {
    const { source, notifier } = start()
    void source.changes([row('A'), 1, 2000])
    await expect(notifier.ready).rejects.toMatchObject({ code: 'STREAM_FAILED' })
  })

  test('S21: a column that is not there is told when the source connects, before any row needs it', async () => {
    const source = new TestSource()
    let connect = (_columns: readonly string[]): void => {}
    const events = {
      on: (_event: 'connected', listener: (event: { columns: { name: string }[] }) => void) => {
        connect = columns => listener({ columns: columns.map(name => ({ name })) })
      },
    }
    const labels = { org: 'organisation', customer: 'customerName' }
    await using notifier = notify<Row>(Object.assign(source, { events }), {
      name: 'spike',
      labels,
      sinks: [new TestSink()],
    })
    const skipped: string[] = []
    notifier.events.on('skipped', ({ reason, what }) => skipped.push(`${reason} ${what}`))
    connect(['org', 'customer_name'])
    expect(skipped).toEqual([
      expect.stringContaining(
        'unknown_column [UNKNOWN_COLUMN] labels.org is filled by column "organisation"',
      ),
    ])
    // What rows are called may be made by a schema.
    await source.snapshot([{ organisation: 'A', customerName: 'C' }])
    await notifier.ready
    connect(['organisation', 'customer_name'])
    expect(skipped).toHaveLength(1)
  })

  test('S21: a row without its columns is left out, and ends nothing', async () => {
    const { source, notifier, sink, heard } = start()
    const skipped: string[] = []
    notifier.events.on('skipped', ({ reason }) => skipped.push(reason))
    await source.snapshot([])
    await source.changes([{ organisation: 'A' }, 1, 2000], [row('B'), 1, 2000])
    await settled()
    expect(sink.told).toEqual(['B firing'])
    expect(skipped).toEqual(['label_failed'])
    expect(heard).toEqual(['B firing'])
  })

  test('S21: a label whose column is not there is an error before anything is sent', async () => {
    const { source, notifier, sink } = start({ labels: { org: 'organisation' } })
    void source.snapshot([row('A')])
    await expect(notifier.ready).rejects.toMatchObject({ code: 'UNKNOWN_COLUMN' })
    expect(sink.calls).toEqual([])
  })

  test('a view that never changes again goes on firing, and that is told', async () => {
    const { source, heard, notifier } = start()
    await source.snapshot([row('A')])
    source.end()
    await settled()
    expect(heard).toEqual(['A firing', 'ended well'])
    expect(notifier.inspect().isConnected).toBe(true)
  })
})

test.each<[Record<string, unknown>, string]>([
  [{ name: '' }, 'INVALID_OPTION'],
  [{ sinks: [] }, 'INVALID_OPTION'],
  [{ sinks: [{ name: 'x' }] }, 'INVALID_OPTION'],
  [{ sinks: [new TestSink('one', { batchSize: 0 })] }, 'INVALID_OPTION'],
  [{ sinks: [new TestSink('one'), [new TestSink('one')]] }, 'NAME_TAKEN'],
  [{ sinks: [new TestSink('one', { resend: { everyMs: 0, resolvedForMs: 0 } })] }, 'INVALID_OPTION'],
  [{ forMs: -1 }, 'INVALID_OPTION'],
  [{ keepFiringMs: '30s' }, 'INVALID_OPTION'],
  [{ flapping: { firings: 0, withinMs: 1 } }, 'INVALID_OPTION'],
  [{ flapping: { firings: 1 } }, 'INVALID_OPTION'],
  [{ store: {} }, 'INVALID_OPTION'],
  [{ registry: {} }, 'INVALID_OPTION'],
  [{ maxQueued: 0.5 }, 'INVALID_OPTION'],
])('%j cannot be used, and is refused before anything happens', (options, code) => {
  const source = new TestSource()
  const good = { name: 'spike', labels: {}, sinks: [new TestSink()] as Sink[] }
  try {
    notify(source, { ...good, ...options } as NotifyOptions<Row>)
    expect.unreachable()
  } catch (error) {
    expect(SinksError.is(error) && error.code).toBe(code)
  }
})
