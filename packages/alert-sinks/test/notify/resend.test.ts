import { describe, expect, test, vi } from 'vitest'
import type { Sink } from '../../src/types.js'
import { row } from '../support/batches.js'
import { closedAfterEach } from '../support/running.js'
import { TestSink, unreachable } from '../support/sink.js'
import { settled } from '../support/source.js'

const start = closedAfterEach()

describe('sent again', () => {
  const often = { resend: { everyMs: 60_000, resolvedForMs: 900_000 } }

  test('what changed goes before what is only sent again', async () => {
    const running = start({}, new TestSink('test', { ...often, batchSize: 2 }))
    const { source, sink } = running
    await source.snapshot(['A', 'B', 'C', 'D', 'E'].map(org => row(org)))
    await running.pass(55_000)
    let open = (): void => {}
    sink.gate = new Promise(resolve => {
      open = resolve
    })
    await running.pass(5000)
    sink.gate = undefined
    await source.changes([row('new'), 1, 2000])
    const before = sink.told.length
    open()
    await settled()
    expect(
      sink.calls
        .flat()
        .slice(before)
        .map(({ labels }) => labels['org']),
    ).toEqual(['A', 'B', 'new', 'C', 'D', 'E'])
  })

  test('S8: what fires is sent once, not again before its time, and then every minute', async () => {
    const running = start({}, new TestSink('test', often))
    await running.source.snapshot([row('A')])
    await running.pass(59_000)
    expect(running.sink.calls).toHaveLength(1)
    await running.pass(1000)
    await running.pass(240_000)
    expect(running.sink.calls.flat().map(({ reason }) => reason)).toEqual([
      'transition',
      ...Array(5).fill('resend'),
    ])
  })

  test('S8: an end is sent again for a quarter of an hour, and then forgotten', async () => {
    const running = start({}, new TestSink('test', often))
    await running.source.snapshot([row('A')])
    await running.source.changes([row('A'), -1, 2000])
    await running.pass(1_800_000, 10_000)
    expect(running.sink.told).toEqual(['A firing', ...Array(16).fill('A resolved')])
    expect(running.notifier.inspect()).toMatchObject({ alerts: [], sinks: [{ queued: 0 }] })
  })

  test('S8: an alert that fires again while its end is remembered is a new one', async () => {
    const running = start({}, new TestSink('test', often))
    await running.source.snapshot([row('A')])
    await running.source.changes([row('A'), -1, 2000])
    await running.pass(60_000)
    await running.source.changes([row('A'), 1, 3000])
    await running.pass(120_000)
    expect(running.sink.told).toEqual([
      'A firing',
      'A resolved',
      'A resolved',
      'A firing',
      'A firing',
      'A firing',
    ])
    expect(running.sink.calls.at(-1)).toMatchObject([
      { startsAtMs: 3000, endsAtMs: undefined, reason: 'resend' },
    ])
  })

  test('S3: while the source is disconnected what fires is sent again, for as long as it is held, and no end', async () => {
    const running = start({ holdForMs: 300_000 }, new TestSink('test', often))
    running.source.status = { phase: 'live' }
    await running.source.snapshot([row('A'), row('B')])
    await running.source.changes([row('B'), -1, 2000])
    await settled()
    running.source.status = { phase: 'waiting' }
    const before = running.sink.told.length
    await running.pass(1_000_000, 10_000)
    expect(running.sink.told.slice(before)).toEqual(Array(4).fill('A firing'))
    expect(running.notifier.inspect().alerts).toMatchObject([{ state: 'firing', labels: { org: 'A' } }])
  })

  test('what waits for a sink to be told again is left out once it is held no longer, until the stream is back', async () => {
    const running = start({ holdForMs: 300_000 }, new TestSink('test', often))
    const { source, sink } = running
    source.status = { phase: 'live' }
    await source.snapshot([row('A')])
    await settled()
    sink.error = unreachable()
    await running.pass(60_000, 10_000)
    source.status = { phase: 'waiting' }
    await running.pass(600_000, 10_000)
    sink.error = undefined
    await running.pass(300_000, 10_000)
    expect(sink.told).toEqual(['A firing'])
    source.status = { phase: 'live' }
    await running.pass(60_000, 10_000)
    expect(sink.told).toEqual(['A firing', 'A firing'])
  })

  test('an alert of which every sink knows the end is forgotten, also by a sink that was slow to take it again', async () => {
    const seldom = { resend: { everyMs: 1000, resolvedForMs: 3000 } }
    const slow = new TestSink('slow', seldom)
    const running = start({ sinks: [slow, new TestSink('quick', seldom)] })
    running.source.status = { phase: 'live' }
    await running.source.snapshot([row('A')])
    await running.source.changes([row('A'), -1, 2000])
    await running.pass(1500, 500)
    let open = (): void => {}
    slow.gate = new Promise(resolve => {
      open = resolve
    })
    await running.pass(1000, 500)
    running.source.status = { phase: 'waiting' }
    await running.pass(1000, 500)
    open()
    await running.pass(10_000)
    const timers = vi.spyOn(running.clock, 'setTimer')
    await running.pass(10_000)
    expect(timers).not.toHaveBeenCalled()
  })
})

test('S20: a heartbeat beats while its row is there and the stream is live, and stops when either ends', async () => {
  let beats = 0
  const heartbeat: Sink = {
    name: 'heartbeat',
    resend: { everyMs: 60_000, resolvedForMs: 0 },
    send: ([alert]) => {
      if (alert?.status === 'firing') beats++
    },
  }
  const running = start({ sinks: [heartbeat], holdForMs: 60_000 })
  running.source.status = { phase: 'live' }
  await running.source.snapshot([row('watchdog')])
  await running.pass(600_000, 10_000)
  expect(beats).toBe(11)
  running.source.status = { phase: 'waiting' }
  await running.pass(600_000, 10_000)
  expect(beats).toBe(11)
  running.source.status = { phase: 'live' }
  await running.pass(60_000, 10_000)
  expect(beats).toBe(12)
  await running.source.changes([row('watchdog'), -1, 2000])
  await running.pass(600_000, 10_000)
  expect(beats).toBe(12)
})

test('S20: a heartbeat stops when the stream has failed, also if its source has no status', async () => {
  const heartbeat = new TestSink('heartbeat', { resend: { everyMs: 60_000, resolvedForMs: 0 } })
  const running = start({ holdForMs: 150_000 }, heartbeat)
  await running.source.snapshot([row('watchdog')])
  await running.pass(60_000, 10_000)
  running.source.fail(new Error('the view is gone'))
  await running.pass(600_000, 10_000)
  expect(heartbeat.told).toHaveLength(3)
  expect(running.notifier.inspect().isConnected).toBe(false)
})
