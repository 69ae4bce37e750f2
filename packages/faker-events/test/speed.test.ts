import { describe, expect, test } from 'vitest'
import { type Clock, events, memory, run, type Sink } from '../src/index.js'
import { passing, story } from './support/minute.js'
import { origin } from './support/story.js'

/** A clock that is `speed` times as fast as a machine of which only sleeping makes time pass. */
function fast(speed: number): Clock & { readonly machineMs: () => number } {
  let machineMs = 0
  return {
    speed,
    machineMs: () => machineMs,
    nowMs: () => origin + machineMs * speed,
    sleep: async ms => {
      // As a timer: whole milliseconds, never too few.
      machineMs += Math.max(1, Math.ceil(ms / speed))
    },
  }
}

describe.each([1, 60, 3600])('a run at speed %d', speed => {
  const long = { scenario: story, from: origin, to: origin + 60_000 * speed }
  const all = [...events(story, { from: origin, to: origin + 60_000 * speed })].length

  test('E6: is late by the time of the machine, not by that of the scenario', async () => {
    const stats = await run({ ...long, sink: memory(), clock: fast(speed), whenLate: 'skip' })
    expect(stats).toMatchObject({ events: all, late: 0, skipped: 0 })
    const clock = fast(speed)
    let sends = 0
    const slow: Sink = {
      close: async () => undefined,
      send: async () => {
        sends++
        if (sends === 2) await clock.sleep(3000 * speed)
      },
    }
    const late = await run({ ...long, sink: slow, clock })
    expect(late.events).toBe(all)
    expect(late.late).toBeGreaterThan(0)
    expect(late.maxLateMs).toBeGreaterThan(2000)
    expect(late.maxLateMs).toBeLessThanOrEqual(3000)
  })

  test('E4: waits for a destination that is away as long as at any other speed', async () => {
    const clock = fast(speed)
    const kept = memory()
    const away: Sink = {
      close: kept.close,
      send: async batch => {
        const passedMs = clock.machineMs()
        if (passedMs > 1000 && passedMs < 31_000) throw passing()
        await kept.send(batch)
      },
    }
    const stats = await run({ ...long, sink: away, clock })
    expect(stats.events).toBe(all)
    expect(stats.retries).toBeGreaterThan(0)
    expect(kept.events).toHaveLength(all)
  })

  test('E6: lets events wait for others for the time of the machine', async () => {
    const clock = fast(speed)
    const sink = memory()
    const sentAt: number[] = []
    const wide = { maxBatchEvents: 1_000_000, maxBatchBytes: 2 ** 30 }
    const onBatch = (): unknown => sentAt.push(clock.machineMs())
    await run({ ...long, sink, clock, ...wide, maxBatchAgeMs: 5000, onBatch })
    for (const [nth, at] of sentAt.slice(0, -1).entries())
      expect((sentAt[nth + 1] ?? 0) - at).toBeGreaterThanOrEqual(nth === sentAt.length - 2 ? 0 : 5000)
    expect(sentAt.length).toBeLessThan(14)
  })
})
