import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/stores/memory.js'
import type { NotifyOptions, StateStore } from '../../src/types.js'
import { type Row, row } from '../support/batches.js'
import { Running } from '../support/running.js'
import { TestSink, unreachable } from '../support/sink.js'
import { settled } from '../support/source.js'

/** A notifier that was killed: nothing of it is heard any more. What it had stored is what the next one finds. */
async function killed(
  options: Partial<NotifyOptions<Row>>,
  use: (running: Running) => Promise<void>,
): Promise<Running> {
  const running = new Running(options)
  await use(running)
  running.sink.gate = new Promise(() => {})
  return running
}

test('S7: after a restart what goes on firing is not told again, and what ended meanwhile is told', async () => {
  const store = memoryStore()
  const first = new Running({ store })
  await first.source.snapshot([row('A'), row('B')])
  await first.close()
  const second = new Running({ store })
  await second.source.snapshot([row('B'), row('C')], 9000)
  await settled()
  expect(second.sink.told).toEqual(['C firing', 'A resolved'])
  expect(second.sink.calls.flat().at(-1)).toMatchObject({ startsAtMs: 1000, endsAtMs: 9000 })
  await second.close()
})

test('S1: what a sink had not taken when the process was killed, it is told by the next one', async () => {
  const store = memoryStore()
  await killed({ store }, async ({ source, sink }) => {
    await source.snapshot([row('A'), row('B')])
    sink.error = unreachable()
    await source.changes([row('A'), -1, 2000], [row('C'), 1, 2000])
    await settled()
  })
  const second = new Running({ store })
  await second.source.snapshot([row('B'), row('C')], 9000)
  await settled()
  // A and B may come twice: the first process was killed before it could note that they had been taken.
  expect(second.sink.told.filter(each => !each.startsWith('B'))).toEqual(['A resolved', 'C firing'])
  await second.close()
})

test('S1: nothing is told before the next process could know of it', async () => {
  const saved = memoryStore()
  let open = (): void => {}
  const slow: StateStore = {
    load: saved.load,
    save: async (name, state) => {
      await new Promise<void>(resolve => {
        open = resolve
      })
      await saved.save(name, state)
    },
  }
  const running = new Running({ store: slow })
  void running.source.snapshot([row('A')])
  await settled()
  expect(running.sink.told).toEqual([])
  open()
  await settled()
  expect(running.sink.told).toEqual(['A firing'])
  expect(await saved.load('spike')).toContain('"org":"A"')
})

test('S1: a sink that was not there before hears of what fires, and one that is gone is forgotten', async () => {
  const store = memoryStore()
  const [old, young] = [new TestSink('old'), new TestSink('young')]
  const first = new Running({ store, sinks: [old] })
  await first.source.snapshot([row('A'), row('B')])
  await first.source.changes([row('B'), -1, 2000])
  await first.close()
  const second = new Running({ store, sinks: [young] })
  await second.source.snapshot([row('A')], 9000)
  await settled()
  expect(young.told).toEqual(['A firing'])
  await second.close()
  expect(await store.load('spike')).not.toContain('old')
})

describe('before it is known how it is now', () => {
  const often = { resend: { everyMs: 60_000, resolvedForMs: 900_000, lapsesAfterMs: 240_000 } }

  /** A state in which A fires, saved so long ago; and a sink that was not there then. */
  async function down(ms: number): Promise<{ readonly second: Running; readonly young: TestSink }> {
    const store = memoryStore()
    const first = new Running({ store }, new TestSink('test', often))
    await first.source.snapshot([row('A')])
    await first.pass(2000)
    await first.close()
    const [old, young] = [new TestSink('test', often), new TestSink('young')]
    const second = new Running({ store, now: () => first.now() + ms, sinks: [old, young] }, old)
    await second.pass(100_000, 10_000)
    return { second, young }
  }

  test('S3: what fired is sent again before it can lapse, if that is not too late', async () => {
    const { second, young } = await down(200_000)
    expect(second.sink.told).toEqual(['A firing', 'A firing'])
    expect(young.told).toEqual([])
    await second.source.snapshot([row('A')], 9_000_000)
    await settled()
    expect(young.told).toEqual(['A firing'])
    await second.close()
  })

  test('S3: nobody is told that something fires which ended while nobody looked', async () => {
    const { second, young } = await down(300_000)
    expect(second.sink.told).toEqual([])
    await second.source.snapshot([], 9_000_000)
    await settled()
    expect(second.sink.told).toEqual(['A resolved'])
    expect(young.told).toEqual(['A resolved'])
    await second.close()
  })

  test('S3: what lapsed and fires nevertheless is sent again as soon as that is known', async () => {
    const { second } = await down(300_000)
    await second.source.snapshot([row('A')], 9_000_000)
    await settled()
    expect(second.sink.calls.flat()).toMatchObject([{ reason: 'resend', status: 'firing' }])
    await second.close()
  })

  test('S3: what nobody had been told of waits until it is known that it still is so; an end does not', async () => {
    const store = memoryStore()
    await killed({ store }, async ({ source, sink }) => {
      await source.snapshot([row('A'), row('B')])
      await settled()
      sink.error = unreachable()
      await source.changes([row('A'), -1, 2000], [row('C'), 1, 2000])
      await settled()
    })
    const second = new Running({ store })
    await second.pass(10_000)
    expect(second.sink.told).toEqual(['A resolved'])
    await second.source.snapshot([row('B')], 9000)
    await settled()
    expect(second.sink.told.filter(each => each.startsWith('C'))).toEqual(['C resolved'])
    await second.close()
  })

  test('S3: how long alerts are held is counted from when the process before knew of them', async () => {
    const store = memoryStore()
    const first = new Running({ store }, new TestSink('test', often))
    await first.source.snapshot([row('A')])
    await first.close()
    const later = { now: () => first.now() + 100_000, holdForMs: 150_000 }
    const second = new Running({ store, ...later }, new TestSink('test', often))
    await second.pass(600_000, 10_000)
    expect(second.sink.told).toEqual(['A firing'])
    await second.close()
  })
})

test('S3: processes that come and go while nobody knows how it is do not keep alive what had lapsed, nor hold it longer', async () => {
  const often = { resend: { everyMs: 60_000, resolvedForMs: 900_000, lapsesAfterMs: 240_000 } }
  /** What three processes tell, one after another, that begin so long after one that knew of an alert. */
  const inVain = async (
    downMs: number,
    more: Partial<NotifyOptions<Row>> = {},
  ): Promise<readonly string[]> => {
    const store = memoryStore()
    const told: string[] = []
    let beginMs = 1_000_000
    for (let process = 0; process < 4; process++) {
      const beganMs = beginMs
      const options = { store, ...more, now: () => beganMs + running.clock.nowMs() }
      const running: Running = new Running(options, new TestSink('test', often))
      if (process === 0) await running.source.snapshot([row('A')])
      await running.pass(60_000, 10_000)
      await running.close()
      if (process > 0) told.push(...running.sink.told)
      beginMs = beganMs + running.clock.nowMs() + (process === 0 ? downMs : 0)
    }
    return told
  }
  expect(await inVain(300_000)).toEqual([])
  expect((await inVain(30_000, { holdForMs: 120_000 })).length).toBeLessThanOrEqual(3)
  expect((await inVain(30_000)).length).toBeGreaterThan(3)
})

test('S3: an end that another process had told is not told again before it is known how it is now', async () => {
  const store = memoryStore()
  const often = { resend: { everyMs: 60_000, resolvedForMs: 900_000 } }
  const first = new Running({ store }, new TestSink('test', often))
  await first.source.snapshot([row('A')])
  await first.source.changes([row('A'), -1, 2000])
  await first.close()
  const second = new Running({ store }, new TestSink('test', often))
  await second.pass(300_000, 10_000)
  expect(second.sink.told).toEqual([])
  await second.source.snapshot([], 9000)
  await second.pass(60_000, 10_000)
  expect(second.sink.told).toEqual(['A resolved'])
  await second.close()
})

test('a store that fails is reported, and holds up no alert', async () => {
  const store: StateStore = {
    load: async () => undefined,
    save: () => Promise.reject(new Error('disk full')),
  }
  const running = new Running({ store })
  await running.source.snapshot([row('A')])
  await settled()
  expect(running.sink.told).toEqual(['A firing'])
  expect(running.heard).toContain('store STATE_FAILED')
})

test('a store that hangs is reported, and holds up alerts once for as long as it may', async () => {
  const store: StateStore = { load: async () => undefined, save: () => new Promise(() => {}) }
  const running = new Running({ store, storeTimeoutMs: 2000 })
  void running.source.snapshot([row('A')])
  await settled()
  expect(running.sink.told).toEqual([])
  await running.pass(2000)
  expect(running.sink.told).toEqual(['A firing'])
  await running.source.changes([row('A'), -1, 2000])
  await settled()
  expect(running.sink.told).toEqual(['A firing', 'A resolved'])
  expect(running.heard.filter(each => each.startsWith('store'))).toEqual(['store STATE_FAILED'])
})

test('a store that cannot be reached at the start is waited for', async () => {
  const saved = memoryStore()
  let isUp = false
  const store: StateStore = {
    load: name => (isUp ? saved.load(name) : Promise.reject(new Error('starting up'))),
    save: saved.save,
  }
  const running = new Running({ store })
  void running.source.snapshot([row('A')])
  await running.pass(5000)
  expect(running.sink.told).toEqual([])
  isUp = true
  await running.pass(60_000)
  expect(running.sink.told).toEqual(['A firing'])
})

test('a store that hangs at the start is reported, and tried again', async () => {
  const saved = memoryStore()
  let isUp = false
  const store: StateStore = {
    load: name => (isUp ? saved.load(name) : new Promise(() => {})),
    save: saved.save,
  }
  const running = new Running({ store, storeTimeoutMs: 2000 })
  void running.source.snapshot([row('A')])
  await running.pass(10_000)
  expect(running.heard.filter(each => each === 'store STATE_FAILED').length).toBeGreaterThan(1)
  isUp = true
  await running.pass(60_000)
  expect(running.sink.told).toEqual(['A firing'])
  await running.close()
})

test('a process that waits for its store can be closed', async () => {
  const running = new Running({
    store: { load: () => Promise.reject(new Error('no')), save: async () => {} },
  })
  await running.pass(5000)
  await running.close()
  await expect(running.notifier.ready).rejects.toMatchObject({ code: 'CLOSED' })
})

test('a state that is damaged is refused, never taken for none', async () => {
  const store = memoryStore()
  await store.save('spike', '{"format":"mzalert-alerts","version":2}')
  const running = new Running({ store })
  await expect(running.notifier.ready).rejects.toMatchObject({ code: 'STATE_CORRUPT' })
  expect(running.heard).toEqual(['ended STATE_CORRUPT'])
})

test('an alert that everybody knows the end of leaves nothing behind', async () => {
  const store = memoryStore()
  const running = new Running({ store })
  await running.source.snapshot([])
  const empty = await store.load('spike')
  for (let at = 2000; at < 2100; at += 2) {
    await running.source.changes([row(`org${at}`), 1, at])
    await running.source.changes([row(`org${at}`), -1, at + 1])
  }
  await running.close()
  const strip = (state = ''): string => state.replace(/"(frontierMs|savedAtMs|knownAtMs)":\d+/g, '')
  expect(strip(await store.load('spike'))).toBe(strip(empty))
})
