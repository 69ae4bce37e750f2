import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { acceleratedClock, events, memory, run, scenarios, virtualClock, wallClock } from '../src/index.js'

describe('a virtual clock', () => {
  test('passes only by sleeping, at once and exactly', async () => {
    const clock = virtualClock(1000)
    expect(clock.nowMs()).toBe(1000)
    await clock.sleep(3_600_000)
    expect(clock.nowMs()).toBe(3_601_000)
    await clock.sleep(-5)
    expect(clock.nowMs()).toBe(3_601_000)
  })

  test('stands still for a sleeper whose signal has aborted', async () => {
    const clock = virtualClock(0)
    await clock.sleep(10, AbortSignal.abort())
    expect(clock.nowMs()).toBe(0)
  })

  test('lets the event loop turn between two sleeps, so that a signal can arrive', async () => {
    const clock = virtualClock(0)
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 0)
    while (!stop.signal.aborted) await clock.sleep(1)
    expect(clock.nowMs()).toBeGreaterThan(0)
  })
})

describe('an accelerated clock', () => {
  test.each([0.5, 60, 3600])('passes %d times as fast as that of the machine', async speed => {
    const clock = acceleratedClock(speed)
    expect(clock.speed).toBe(speed)
    const [before, first, between] = [Date.now(), clock.nowMs(), Date.now()]
    await clock.sleep(20 * speed)
    const [again, second, after] = [Date.now(), clock.nowMs(), Date.now()]
    // To a millionth: what is added to a time of today is rounded.
    expect(second - first).toBeGreaterThanOrEqual((again - between) * speed - 0.001 * speed)
    expect(second - first).toBeLessThanOrEqual((after - before) * speed + 0.001 * speed)
    expect(again).toBeGreaterThan(between)
  })

  test('runs a scenario faster than real time, to its end', async () => {
    const scenario = scenarios.deployments({ seed: 7 })
    const clock = acceleratedClock(600)
    const from = Math.floor(clock.nowMs())
    const sink = memory()
    const sentAt: number[] = []
    const range = { from, to: from + 60_000 }
    await run({ scenario, sink, ...range, clock, onBatch: ({ sentAtMs }) => sentAt.push(sentAtMs) })
    expect(sink.events).toEqual([...events(scenario, range)])
    for (const [nth, batch] of sink.batches.entries())
      for (const { timestampMs } of batch) expect(timestampMs).toBeLessThanOrEqual(sentAt[nth] ?? 0)
  })

  test.each([0, -1, Number.NaN, 1e7])('refuses speed %d', speed => {
    expect(() => acceleratedClock(speed)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})

describe('the wall clock', () => {
  test('wakes a sleeper as soon as the signal aborts, and leaves no timer and no listener behind', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
    const before = timers()
    const stop = new AbortController()
    const sleeping = wallClock.sleep(2 ** 40, stop.signal)
    expect(timers()).toBe(before + 1)
    stop.abort()
    await sleeping
    await wallClock.sleep(2 ** 40, stop.signal)
    expect(timers()).toBe(before)
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
  })

  test('tells the time of the machine, and moves it on by sleeping', async () => {
    const before = wallClock.nowMs()
    while (wallClock.nowMs() <= before) await wallClock.sleep(1)
    expect(Math.abs(Date.now() - wallClock.nowMs())).toBeLessThan(60_000)
  })
})
