import { expect, test } from 'vitest'
import { SinksError } from '../../src/errors.js'
import { alertmanager } from '../../src/sinks/alertmanager.js'
import type { Alert } from '../../src/types.js'
import { row } from '../support/batches.js'
import { Running } from '../support/running.js'
import { TestSink } from '../support/sink.js'
import { settled } from '../support/source.js'

const often = { resend: { everyMs: 60_000, resolvedForMs: 900_000 } }

/** Refuses a call with an alert that is bad. */
function refuse(sink: TestSink, isBad: (alert: Alert) => boolean): void {
  sink.error = (alerts: readonly Alert[]) => {
    if (alerts.some(isBad)) throw new SinksError('SEND_REJECTED', 'It is bad.')
  }
}

test('S10: an alert that is refused for good is found among many; all others arrive, and it is tried again when it changes', async () => {
  const running = new Running()
  const { source, sink } = running
  refuse(sink, ({ annotations }) => annotations['n'] === 'bad')
  const rows = Array.from({ length: 300 }, (_, at) => row(`org${at}`, { n: at === 77 ? 'bad' : 'good' }))
  await source.snapshot(rows)
  await running.pass(5000)
  expect(sink.told).toHaveLength(299)
  expect(sink.told).not.toContain('org77 firing')
  expect(running.heard.filter(each => each.includes('failed'))).toEqual(['org77 failed SEND_REJECTED'])
  expect(running.heard.filter(each => each.startsWith('retry'))).toEqual([])
  await source.changes([row('org77', { n: 'bad' }), -1, 2000], [row('org77', { n: 'good' }), 1, 2000])
  await settled()
  expect(sink.told.at(-1)).toBe('org77 firing')
})

test('S10: a sink that refuses whatever it is sent is tried again, and gets everything when it is repaired', async () => {
  const running = new Running()
  const { source, sink, notifier } = running
  let calls = 0
  refuse(sink, () => ++calls > 0)
  await source.snapshot(Array.from({ length: 300 }, (_, at) => row(`org${at}`)))
  await running.pass(600_000, 5000)
  // One call for all, halves of it as far as one alert, then at most one a try.
  expect(calls).toBeLessThan(50)
  expect(running.heard.filter(each => each.includes('failed'))).toEqual([])
  expect(running.heard).toContain('retry in 250 SEND_REJECTED')
  expect(notifier.inspect().sinks).toMatchObject([{ queued: 300, rejected: 0 }])
  expect(notifier.inspect().sinks[0]?.lastError).toContain('It is bad.')
  sink.error = undefined
  await running.pass(120_000, 5000)
  expect(sink.told.toSorted()).toEqual(Array.from({ length: 300 }, (_, at) => `org${at} firing`).toSorted())
  expect(notifier.inspect().sinks).toMatchObject([{ queued: 0, lastError: undefined }])
})

test('S10: an alert that is refused does not keep waiting what comes after it, and is given up once that was taken', async () => {
  const running = new Running({}, new TestSink('test', { batchSize: 1, concurrency: 4 }))
  const { source, sink } = running
  refuse(sink, ({ labels }) => labels['org'] === 'bad')
  await source.snapshot([row('bad')])
  await running.pass(100_000)
  expect(running.heard.filter(each => each.includes('failed'))).toEqual([])
  await source.changes([row('good'), 1, 2000])
  await settled()
  expect(sink.told).toEqual(['good firing'])
  await running.pass(120_000)
  expect(running.heard.filter(each => each.includes('failed'))).toEqual(['bad failed SEND_REJECTED'])
  expect(running.notifier.inspect().sinks).toMatchObject([{ queued: 0, rejected: 1 }])
})

test('S8: an alert whose changed text is refused is sent again in the words that were taken, and its end is told', async () => {
  const running = new Running({}, new TestSink('test', often))
  const { source, sink } = running
  refuse(sink, ({ annotations }) => annotations['n'] === 'bad')
  await source.snapshot([row('A', { n: 'good' }), row('B', { n: 'good' })])
  await running.pass(1000)
  await source.changes(
    [row('A', { n: 'good' }), -1, 2000],
    [row('A', { n: 'bad' }), 1, 2000],
    [row('C', { n: 'good' }), 1, 2000],
  )
  await running.pass(300_000, 10_000)
  expect(running.heard.filter(each => each.includes('failed'))).toEqual(['A failed SEND_REJECTED'])
  const toldOfA = sink.calls.flat().filter(({ labels }) => labels['org'] === 'A')
  expect(toldOfA.map(({ reason, annotations }) => `${reason} ${annotations['n']}`)).toEqual([
    'transition good',
    ...Array(5).fill('resend good'),
  ])
  await source.changes([row('A', { n: 'bad' }), -1, 3000])
  refuse(sink, () => false)
  await running.pass(1000)
  expect(sink.told.at(-1)).toBe('A resolved')
})

test('S8: an alert that was refused at first is sent again in its time, and taken when it can be', async () => {
  const running = new Running({}, new TestSink('test', often))
  const { source, sink } = running
  refuse(sink, ({ labels }) => labels['org'] === 'A')
  await source.snapshot([row('A'), row('B')])
  await running.pass(1000)
  expect(running.heard).toContain('A failed SEND_REJECTED')
  await running.pass(120_000, 10_000)
  expect(running.heard.filter(each => each.includes('failed'))).toHaveLength(1)
  sink.error = undefined
  await running.pass(60_000, 10_000)
  expect(sink.told).toContain('A firing')
})

test('S10: Alertmanager behind a proxy that answers 400 for a while has every alert when that is over', async () => {
  let isBroken = true
  const taken: string[] = []
  const fetch = async (_url: string, { body }: { readonly body: string }) => {
    if (!isBroken) taken.push(body)
    return { status: isBroken ? 400 : 200, headers: { get: () => null }, text: async () => 'proxy' }
  }
  const running = new Running({ sinks: alertmanager({ url: 'http://am', fetch }) })
  await running.source.snapshot([row('A'), row('B')])
  await running.pass(20_000)
  expect(running.notifier.inspect().sinks[0]?.lastError).toContain('answered 400: proxy')
  isBroken = false
  await running.pass(60_000)
  const told = taken.flatMap(body => JSON.parse(body) as readonly Alert[]).map(({ labels }) => labels['org'])
  expect(told.toSorted()).toEqual(['A', 'B'])
})

test('S11: the halves of what is refused are sent no faster than the sink wants to be called', async () => {
  const running = new Running({}, new TestSink('test', { minIntervalMs: 1000 }))
  const { source, sink, clock } = running
  const atMs: number[] = []
  sink.error = (alerts: readonly Alert[]) => {
    atMs.push(clock.nowMs())
    if (alerts.some(({ labels }) => labels['org'] === 'org7'))
      throw new SinksError('SEND_REJECTED', 'It is bad.')
  }
  await source.snapshot(Array.from({ length: 16 }, (_, at) => row(`org${at}`)))
  await running.pass(20_000)
  expect(sink.told).toHaveLength(15)
  expect(atMs.length).toBeGreaterThan(5)
  for (const [at, ms] of atMs.slice(1).entries()) expect(ms - (atMs[at] ?? 0)).toBeGreaterThanOrEqual(1000)
})
