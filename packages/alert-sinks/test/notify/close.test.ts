import { expect, test } from 'vitest'
import { notify } from '../../src/notify/notifier.js'
import { memoryStore } from '../../src/stores/memory.js'
import { row } from '../support/batches.js'
import { closedAfterEach, type Running } from '../support/running.js'
import { TestSink, unreachable } from '../support/sink.js'
import { settled, TestSource } from '../support/source.js'

const start = closedAfterEach({ mayFail: true })

test('S14: nothing is resolved by closing, and what waits is sent first', async () => {
  const running = start()
  const { source, sink } = running
  sink.error = unreachable()
  await source.snapshot([row('A')])
  await running.pass(200)
  sink.error = undefined
  await running.close()
  expect(sink.told).toEqual(['A firing'])
  expect(sink.closes).toBe(1)
  expect(source.closes).toBe(1)
})

test('S14: closing ends in time though a sink hangs, and says what was not sent', async () => {
  const running = start({ drainMs: 3000 })
  running.sink.gate = new Promise(() => {})
  await running.source.snapshot([row('A')])
  await settled()
  const closing = running.notifier.close()
  await running.pass(3000)
  await closing
  expect(running.heard.at(-1)).toBe('undefined failed UNDELIVERED')
})

test('S14: a source that cannot be closed, or does not end, keeps nothing from being sent', async () => {
  const running = start({ drainMs: 3000 })
  const { source, sink } = running
  sink.error = unreachable(1000)
  await source.snapshot([row('A')])
  await settled()
  source.close = () => Promise.reject(new Error('not now'))
  sink.error = undefined
  const closing = running.notifier.close()
  await Promise.all([expect(closing).rejects.toThrow('not now'), running.pass(10_000)])
  expect(sink.told).toEqual(['A firing'])
})

test('closing before the first snapshot is told to who waits for it, and closing twice is closing once', async () => {
  const running = start()
  const ready = running.notifier.ready
  await Promise.all([running.close(), running.notifier.close()])
  await expect(ready).rejects.toMatchObject({ code: 'CLOSED' })
  expect(running.sink.closes).toBe(1)
})

test('await using closes', async () => {
  const source = new TestSource()
  {
    await using notifier = notify(source, { name: 'spike', labels: {}, sinks: [new TestSink()] })
    expect(notifier.inspect().alerts).toEqual([])
  }
  expect(source.closes).toBe(1)
})

const forEver = new Promise<never>(() => {})

const hangs: readonly (readonly [what: string, hang: (running: Running) => void])[] = [
  [
    'the source',
    ({ source }) => {
      source.close = () => forEver
    },
  ],
  [
    'a sink',
    ({ sink }) => {
      Object.assign(sink, { close: () => forEver })
    },
  ],
  ['the store', () => {}],
]

test.each(hangs)(
  'S14: closing ends a second after its time at the latest, though %s hangs',
  async (what, hang) => {
    const store = memoryStore()
    const hanging = { load: store.load, save: () => forEver }
    const running = start({
      drainMs: 3000,
      storeTimeoutMs: 60_000,
      store: what === 'the store' ? hanging : store,
    })
    void running.source.snapshot([row('A')])
    await settled()
    hang(running)
    let ended: unknown
    running.notifier.close().then(
      () => {
        ended = 'well'
      },
      (error: unknown) => {
        ended = error
      },
    )
    await running.pass(4200, 100)
    if (what === 'the source') expect(ended).toMatchObject({ code: 'STREAM_FAILED' })
    else expect(ended).toBe('well')
    // What was known is there for the next process.
    if (what !== 'the store') expect(await store.load('spike')).toContain('"acked":{"test":1}')
  },
)

test('S11: closing does not ask a sink before the time that it asked for', async () => {
  const running = start({ drainMs: 5000 })
  const calledAtMs: number[] = []
  running.sink.error = () => {
    calledAtMs.push(running.clock.nowMs())
    throw unreachable(30_000)
  }
  await running.source.snapshot([row('A')])
  await running.pass(2000)
  await running.close()
  expect(calledAtMs).toEqual([0])
  expect(running.heard.at(-1)).toBe('undefined failed UNDELIVERED')
})

test('S14: an end that was on its way when what was sent failed is sent before it closes', async () => {
  const running = start({}, new TestSink('test', { resend: { everyMs: 60_000, resolvedForMs: 900_000 } }))
  const { source, sink } = running
  await source.snapshot([row('A')])
  await running.pass(55_000)
  let fail = (_error: unknown): void => {}
  sink.gate = new Promise((_resolve, reject) => {
    fail = reject
  })
  await running.pass(5000)
  expect(running.notifier.inspect().sinks).toMatchObject([{ inFlight: 1 }])
  await source.changes([row('A'), -1, 2000])
  sink.gate = undefined
  fail(unreachable())
  await settled()
  await running.close()
  expect(sink.told).toEqual(['A firing', 'A resolved'])
})

test('a source that throws when it is closed after its stream has failed adds nothing to what is told, and ends no process', async () => {
  const running = start()
  await running.source.snapshot([row('A')])
  running.source.close = () => {
    throw new Error('not now')
  }
  running.source.fail(new Error('the view is gone'))
  await settled()
  expect(running.heard).toEqual(['A firing', 'ended STREAM_FAILED'])
})
