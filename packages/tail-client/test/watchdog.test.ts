import { expect, test } from 'vitest'
import { systemClock } from '../src/clock.js'
import { eventLoopTurn } from '../src/steps.js'
import { FakeClock } from '../src/testing/clock.js'
import { Watchdog } from '../src/watchdog.js'

function watch(timeoutMs: number): { clock: FakeClock; dog: Watchdog; barks: () => number } {
  const clock = new FakeClock()
  let barks = 0
  const dog = new Watchdog(clock, timeoutMs, () => barks++)
  dog.start()
  return { clock, dog, barks: () => barks }
}

test('T6: silence for the whole time is noticed, once, and not before', () => {
  const { clock, barks } = watch(100)
  clock.advance(99)
  expect(barks()).toBe(0)
  clock.advance(1)
  expect(barks()).toBe(1)
  clock.advance(1000)
  expect(barks()).toBe(1)
})

test('T6: every byte counts from its own moment', () => {
  const { clock, dog, barks } = watch(100)
  for (let i = 0; i < 10; i++) {
    clock.advance(60)
    dog.received()
  }
  clock.advance(99)
  expect(barks()).toBe(0)
  clock.advance(1)
  expect(barks()).toBe(1)
})

test('T6: while we hold back ourselves, silence says nothing', () => {
  const { clock, dog, barks } = watch(100)
  dog.stop()
  clock.advance(1000)
  dog.start()
  clock.advance(99)
  expect(barks()).toBe(0)
  clock.advance(1)
  expect(barks()).toBe(1)
})

test('T6: a process that was blocked reads what waits before it judges, however long it was blocked', async () => {
  for (const blockedMs of [30, 31, 45, 59, 60]) {
    const { clock, dog, barks } = watch(30)
    clock.advance(1)
    dog.received()
    clock.advance(28)
    clock.sleep(blockedMs)
    expect(barks()).toBe(0)
    dog.received()
    await eventLoopTurn()
    expect([blockedMs, barks()]).toEqual([blockedMs, 0])
    dog.stop()
  }
})

test('T6: a process that was blocked, and for which nothing waits, is told', async () => {
  const { clock, barks } = watch(30)
  clock.sleep(45)
  expect(barks()).toBe(0)
  await eventLoopTurn()
  expect(barks()).toBe(1)
})

test('T6: a process that is blocked again before it judges what it has read is not misled', async () => {
  const { clock, dog, barks } = watch(30)
  clock.sleep(45)
  dog.received()
  clock.sleep(45)
  await eventLoopTurn()
  expect(barks()).toBe(0)
  dog.stop()
})

test('T6: what was stopped while it gave I/O its turn says nothing', async () => {
  const { clock, dog, barks } = watch(30)
  clock.sleep(45)
  dog.stop()
  await eventLoopTurn()
  expect(barks()).toBe(0)
})

test('T6: a process that slept grants the server one more period', () => {
  const { clock, dog, barks } = watch(100)
  clock.sleep(5000)
  expect(barks()).toBe(0)
  dog.received()
  clock.advance(99)
  expect(barks()).toBe(0)
  clock.advance(1)
  expect(barks()).toBe(1)
})

test('T53: a timeout of Infinity never comes', async () => {
  let isOver = false
  const timer = systemClock.setTimer(() => {
    isOver = true
  }, Number.POSITIVE_INFINITY)
  // Node would take it for 1 ms.
  await new Promise<void>(resolve => systemClock.setTimer(resolve, 20))
  timer.clear()
  expect(isOver).toBe(false)
})
