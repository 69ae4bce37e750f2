import type { UnknownRow, Update } from '@mzalert/tail-client'
import { Registry } from 'prom-client'
import { describe, expect, test, vi } from 'vitest'
import { bridge } from '../../src/bridge/bridge.js'
import { BridgeError } from '../../src/errors.js'
import { parseExposition, samplesOf } from '../support/parse.js'
import { alertsOf, bench, healthOf, key } from '../support/running.js'
import { alert, batch, TestSource, until, update } from '../support/source.js'

const t = bench()

test('a row that appears is a sample, and a row that goes is none', async () => {
  const made = t.start()
  await t.source.snapshot([alert('A')])
  await made.ready
  expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
  await t.source.changes(update(alert('A'), -1), update(alert('B')))
  expect(alertsOf(made)).toEqual({ [key('B')]: 1 })
})

test('B1: a row that was updated is seen before or after, never absent and never twice', async () => {
  const made = t.start([{ labels: { organization: 'labels' }, value: { column: 'n' } }])
  const row = (n: number): Record<string, unknown> => ({ labels: 'A', n })
  await t.source.snapshot([row(0)])
  const seen: unknown[] = []
  const look = setInterval(() => seen.push(alertsOf(made)), 0)
  for (let n = 0; n < 50; n++) {
    await t.source.changes(update(row(n), -1), update(row(n + 1)))
    seen.push(alertsOf(made))
    await new Promise(resolve => setImmediate(resolve))
  }
  clearInterval(look)
  for (const samples of seen) expect(Object.keys(samples as object)).toEqual(['{"organization":"A"}'])
  expect(alertsOf(made)).toEqual({ '{"organization":"A"}': 50 })
})

test('B1: while a big batch is applied, slice by slice, every scrape sees all of the old or all of the new', async () => {
  const made = t.start([{ labels: { organization: 'labels' }, value: { column: 'n' } }])
  const rows = (n: number): readonly Record<string, unknown>[] =>
    Array.from({ length: 5000 }, (_, index) => ({ labels: `${index}`, n }))
  await t.source.snapshot(rows(1))
  let isOver = false
  const applied = t.source
    .changes(...rows(1).map(row => update(row, -1)), ...rows(2).map(row => update(row)))
    .then(() => {
      isOver = true
    })
  const seen: string[] = []
  while (!isOver) {
    seen.push([...new Set(Object.values(alertsOf(made) ?? {}))].join())
    expect(healthOf(made, 'mzalert_diffs_total', undefined, { op: 'insert' })).toBe(
      seen.at(-1) === '1' ? 5000 : 10_000,
    )
    expect(Object.keys(alertsOf(made) ?? {})).toHaveLength(5000)
    await new Promise(resolve => setImmediate(resolve))
  }
  await applied
  seen.push([...new Set(Object.values(alertsOf(made) ?? {}))].join())
  expect(seen.length).toBeGreaterThan(10)
  expect(seen.join(' ')).toMatch(/^(1 ){10,}(2 ?)+$/)
})

test('a bridge that is closed in the middle of a batch shows nothing of it', async () => {
  const made = t.start()
  const rows = Array.from({ length: 5000 }, (_, index) => alert(`${index}`))
  void t.source.snapshot(rows)
  await new Promise(resolve => setImmediate(resolve))
  await made.close()
  for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve))
  expect(parseExposition(made.metrics()).has('organization_alert')).toBe(false)
  expect(t.events).toEqual([])
})

describe('B2', () => {
  test('B2: nothing of a view is exported before its first snapshot, not even its name', async () => {
    const made = t.start()
    expect(made.metrics()).not.toContain('organization_alert{')
    expect(parseExposition(made.metrics()).has('organization_alert')).toBe(false)
    expect(healthOf(made, 'mzalert_view_snapshot_complete')).toBe(0)
    await t.source.snapshot([])
    expect(alertsOf(made)).toEqual({})
    expect(healthOf(made, 'mzalert_view_snapshot_complete')).toBe(1)
  })

  test('B2: nothing is resolved because of a disconnect, and the health says how it is', async () => {
    const made = t.start()
    t.source.status = { phase: 'live', reconnects: 0 }
    await t.source.snapshot([alert('A')])
    expect(healthOf(made, 'mzalert_view_up')).toBe(1)
    for (const phase of ['waiting', 'connecting', 'snapshot'] as const) {
      t.source.status = { phase, reconnects: 1 }
      expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
      expect(healthOf(made, 'mzalert_view_up')).toBe(0)
    }
    t.source.status = { phase: 'live', reconnects: 1 }
    await t.source.push(batch('reconciled', [update(alert('A'), -1), update(alert('B'))]))
    expect(alertsOf(made)).toEqual({ [key('B')]: 1 })
    expect(healthOf(made, 'mzalert_view_up')).toBe(1)
    expect(healthOf(made, 'mzalert_reconnects_total', undefined, { reason: 'connection_lost' })).toBe(1)
    expect(t.events).toContainEqual({ type: 'reconciled', view: 'organization_alert', updates: 2 })
  })

  test('B2: nothing is resolved because a stream failed for good; the others go on', async () => {
    const other = new TestSource()
    const made = t.start([{}, { view: 'other', source: other }])
    await t.source.snapshot([alert('A')])
    await other.snapshot([alert('B')])
    await made.ready
    t.source.fail(new Error('the server is gone.'))
    await until(() => t.events.some(({ type }) => type === 'failed'))
    expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
    expect(healthOf(made, 'mzalert_view_up')).toBe(0)
    await other.changes(update(alert('C')))
    expect(samplesOf(made.metrics(), 'other')).toEqual({ [key('B')]: 1, [key('C')]: 1 })
    expect(healthOf(made, 'mzalert_view_up', 'other')).toBe(1)
  })

  test('B2: nothing is resolved because a source states its contents anew', async () => {
    const made = t.start()
    await t.source.snapshot([alert('A'), alert('B')])
    await t.source.snapshot([alert('B'), alert('C')])
    expect(alertsOf(made)).toEqual({ [key('B')]: 1, [key('C')]: 1 })
  })
})

test('B5: whatever a row says, every line is valid', async () => {
  const made = t.start([{ help: 'Any\n"text"\\', labels: { label: 'text' } }])
  const texts = [
    '"',
    '\\',
    '\n',
    '\\"',
    'a\nb 1\nc{d="e"} 2',
    '\r',
    '\0',
    '😀',
    'שלום',
    '\ud800',
    '# TYPE x gauge',
    'x'.repeat(100_000),
  ]
  await t.source.snapshot(texts.map(text => ({ text })))
  const wanted = texts.map(text => [`{"label":${JSON.stringify(Buffer.from(text).toString())}}`, 1])
  expect(alertsOf(made)).toEqual(Object.fromEntries(wanted))
})

describe('ready', () => {
  test('is when every view has its first snapshot', async () => {
    const other = new TestSource()
    const made = t.start([{}, { view: 'other', source: other }])
    const settled = vi.fn()
    void made.ready.then(settled)
    await t.source.snapshot([alert('A'), alert('A')])
    expect(settled).not.toHaveBeenCalled()
    await other.snapshot()
    await made.ready
    expect(t.events).toEqual([
      { type: 'snapshot', view: 'organization_alert', rows: 2 },
      { type: 'snapshot', view: 'other', rows: 0 },
    ])
  })

  test('rejects when a stream fails before, with what it failed of; who does not wait is not ended by it', async () => {
    const made = t.start()
    const cause = new Error('nobody is there.')
    t.source.fail(cause)
    await until(() => t.events.length > 0)
    const error: unknown = await made.ready.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'STREAM_FAILED', retryable: false, cause })
    expect(String(error)).toContain('The stream of view "organization_alert" is over: nobody is there.')
    expect(t.events).toEqual([{ type: 'failed', view: 'organization_alert', error }])
  })

  test('rejects when a label wants a column that is not there, and says which there are', async () => {
    const made = t.start([{ labels: { organization: 'org' } }])
    void t.source.snapshot([alert('A')])
    await expect(made.ready).rejects.toThrow('has no column "org". Its columns are: "alert_cond", "labels".')
    expect(parseExposition(made.metrics()).has('organization_alert')).toBe(false)
    expect(t.source.closes).toBe(1)
  })

  test('rejects for a column that is not there even while the view has no rows, if its source knows the columns', async () => {
    const made = t.start([{ value: { column: 'n' } }])
    t.source.columns = ['alert_cond', 'labels']
    void t.source.snapshot([])
    await expect(made.ready).rejects.toThrow('has no column "n". Its columns are: "alert_cond", "labels".')
  })

  test('rejects when a stream does not begin with a snapshot', async () => {
    const made = t.start()
    void t.source.changes(update(alert('A')))
    await expect(made.ready).rejects.toThrow('began with a batch of changes; it must begin with a snapshot')
  })

  test('rejects when a stream ends before its snapshot', async () => {
    const made = t.start()
    t.source.end()
    await expect(made.ready).rejects.toMatchObject({ code: 'STREAM_FAILED' })
  })

  test('rejects when the bridge is closed before', async () => {
    const made = t.start()
    await made.close()
    await expect(made.ready).rejects.toMatchObject({ code: 'CLOSED' })
    expect(t.events).toEqual([])
  })
})

test('B18: a column that goes missing later fails the view, and what it had stays', async () => {
  const made = t.start()
  await t.source.snapshot([alert('A')])
  void t.source.changes(update(alert('B')), update({ alert_cond: 'x' }))
  await until(() => t.events.some(({ type }) => type === 'failed'))
  expect(t.events.at(-1)).toMatchObject({ error: { code: 'UNKNOWN_COLUMN' } })
  expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
})

test('a view that never changes again stays up, and does not fall behind', async () => {
  const made = t.start()
  await t.source.snapshot([alert('A')])
  t.source.end()
  await until(() => t.events.some(({ type }) => type === 'ended'))
  t.nowMs = 10 ** 12
  expect(healthOf(made, 'mzalert_view_up')).toBe(1)
  expect(healthOf(made, 'mzalert_view_lag_seconds')).toBe(0)
  expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
})

test('B13: lag is told at the scrape, from the last frontier, which progress alone moves', async () => {
  const made = t.start()
  await t.source.snapshot([], 1000)
  expect(healthOf(made, 'mzalert_view_frontier_seconds')).toBe(1.001)
  t.nowMs = 4001
  expect(healthOf(made, 'mzalert_view_lag_seconds')).toBe(3)
  await t.source.push(batch('progress', [], 4000))
  expect(healthOf(made, 'mzalert_view_lag_seconds')).toBe(0.001)
  expect(healthOf(made, 'mzalert_batches_total')).toBe(2)
})

describe('close', () => {
  test('closes every source once, however often it is called', async () => {
    const made = t.start()
    await t.source.snapshot([alert('A')])
    await Promise.all([made.close(), made.close()])
    await made[Symbol.asyncDispose]()
    expect(t.source.closes).toBe(1)
  })

  test('says nothing about a stream that ends because of it', async () => {
    const made = t.start()
    await t.source.snapshot([])
    const before = t.events.length
    await made.close()
    t.source.fail(new Error('the socket is gone'))
    await new Promise(resolve => setImmediate(resolve))
    expect(t.events).toHaveLength(before)
  })

  test('B32: applies nothing that comes after it', async () => {
    const made = t.start()
    const closed = made.close()
    void t.source.snapshot([alert('A')])
    await closed
    await new Promise(resolve => setImmediate(resolve))
    expect(parseExposition(made.metrics()).has('organization_alert')).toBe(false)
    expect(t.events).toEqual([])
  })

  test('closes the others too when one source cannot be closed, and says what happened', async () => {
    const other = new TestSource()
    const broken = new TestSource()
    broken.close = () => Promise.reject(new Error('stuck'))
    const made = bridge({
      views: [
        { view: 'a', labels: {}, source: broken },
        { view: 'b', labels: {}, source: other },
      ],
    })
    await expect(made.close()).rejects.toThrow('stuck')
    expect(other.closes).toBe(1)
  })
})

test('a log that throws stops nothing; it is a warning of the process', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockReturnValue(undefined)
  const made = t.start([{}], {
    onEvent: () => {
      throw new Error('the log is full')
    },
  })
  const heard: unknown[] = []
  made.events.on('snapshot', event => heard.push(event.rows))
  await t.source.snapshot([alert('A')])
  await made.ready
  expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
  expect(heard).toEqual([1])
  expect(warned).toHaveBeenCalledOnce()
  warned.mockRestore()
})

test('what happens can be listened to by its type', async () => {
  const made = t.start()
  const seen: unknown[] = []
  made.events.on('snapshot', event => seen.push(event.rows))
  made.events.on('failed', () => seen.push('failed'))
  await t.source.snapshot([alert('A'), alert('B')])
  expect(seen).toEqual([2])
})

test('errors can be told across two copies of the package', () => {
  const copy = Object.assign(new Error('x'), { [Symbol.for('@mzalert/prom-bridge/error')]: true })
  expect(BridgeError.is(copy)).toBe(true)
  expect(BridgeError.is(new Error('x'))).toBe(false)
  expect(BridgeError.is(null)).toBe(false)
})

test.each([undefined, () => new Registry()])(
  'B41: views may be one metric, which stands there once, with the samples of all (%s)',
  async make => {
    const other = new TestSource()
    const registry = make?.()
    const view = (name: string, region: string, source: TestSource) => ({
      view: name,
      source,
      name: 'alert',
      help: 'Alerts.',
      labels: { region: { value: region }, organization: 'labels' },
    })
    const between = { view: 'between', labels: {}, source: new TestSource() }
    const made = t.start(
      [view('east', 'e', t.source), between, view('west', 'w', other)],
      registry ? { registry } : {},
    )
    const samples = async (): Promise<unknown> =>
      samplesOf(registry ? await registry.metrics() : made.metrics(), 'alert')
    await other.snapshot([alert('A')])
    expect(await samples()).toEqual({ '{"organization":"A","region":"w"}': 1 })
    await t.source.snapshot([alert('A')])
    await between.source.snapshot([alert('A')])
    expect(await samples()).toEqual({
      '{"organization":"A","region":"e"}': 1,
      '{"organization":"A","region":"w"}': 1,
    })
    expect(healthOf(made, 'mzalert_view_series', 'west')).toBe(1)
  },
)

test('B1: a batch that comes in parts is seen as a whole', async () => {
  const made = t.start()
  const part = (index: number, isLast: boolean, ...updates: readonly Update<UnknownRow>[]) => ({
    ...batch('changes', updates),
    part: { index, isLast },
  })
  await t.source.snapshot([alert('A')])
  await t.source.push(part(0, false, update(alert('A'), -1)))
  expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
  await t.source.push(part(1, true, update(alert('B'))))
  expect(alertsOf(made)).toEqual({ [key('B')]: 1 })
  await t.source.changes(update(alert('C')))
  expect(alertsOf(made)).toEqual({ [key('B')]: 1, [key('C')]: 1 })
  expect(healthOf(made, 'mzalert_batches_total')).toBe(3)
})
