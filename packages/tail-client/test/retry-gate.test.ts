import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RetryGate, tail } from '../src/index.js'
import { FakeClock } from '../src/testing/clock.js'
import { progress } from '../src/testing/messages.js'
import type { ScriptedClient } from '../src/testing/server.js'
import { accepted, serve, until } from './support/serve.js'

test('T15: an attempt is never earlier than it would be by itself, and no two are closer than the spacing', () => {
  const attempts = fc.array(fc.tuple(fc.nat(500), fc.nat(3000)), { maxLength: 60 })
  fc.assert(
    fc.property(attempts, fc.integer({ min: 1, max: 300 }), (asked, spacingMs) => {
      const gate = new RetryGate({ spacingMs })
      let nowMs = 0
      const given = asked.map(([passedMs, delayMs]) => {
        nowMs += passedMs
        const actual = gate.reserve(nowMs, delayMs)
        expect(actual).toBeGreaterThanOrEqual(delayMs)
        return nowMs + actual
      })
      given.sort((a, b) => a - b)
      for (const [index, atMs] of given.entries())
        if (index > 0) expect(atMs - (given[index - 1] ?? 0)).toBeGreaterThanOrEqual(spacingMs)
    }),
  )
})

test('T15: one that waits long does not hold up those that do not', () => {
  const gate = new RetryGate({ spacingMs: 100 })
  expect(gate.reserve(0, 30_000)).toBe(30_000)
  expect(gate.reserve(0, 10)).toBe(10)
  expect(gate.reserve(0, 10)).toBe(110)
  expect(gate.reserve(50, 0)).toBe(160)
  expect(gate.reserve(1000, 0)).toBe(0)
})

test('T15: twenty tails that lose their server at once come back one by one', async () => {
  const clients: ScriptedClient[] = []
  const { options, server } = await serve({
    copy: client => {
      clients.push(client)
      client.send(accepted, progress(1), progress(2))
    },
  })
  const clock = new FakeClock()
  const gate = new RetryGate({ spacingMs: 40 })
  const delays: number[] = []
  const tails = Array.from({ length: 20 }, () => tail('v', { ...options, clock, retry: { gate } }))
  const loops = tails.map(async stream => {
    stream.events.on('retry', ({ delayMs }) => delays.push(delayMs))
    for await (const _ of stream.batches());
  })
  await until(() => clients.length === 20 && tails.every(({ status }) => status.phase === 'live'))
  for (const client of clients) client.reset()
  await until(() => delays.length === 20)
  delays.sort((a, b) => a - b)
  for (const [index, delayMs] of delays.entries())
    if (index > 0) expect(Math.round(delayMs - (delays[index - 1] ?? 0))).toBeGreaterThanOrEqual(40)
  for (let back = 0; back < 20; back++) {
    clock.advance((delays[back] ?? 0) - clock.nowMs())
    await until(() => server.startups.length === 21 + back)
  }
  await Promise.all(tails.map(stream => stream.close()))
  await Promise.all(loops)
})

test('a spacing that is none is refused', () => {
  expect(() => new RetryGate({ spacingMs: 0 })).toThrow('[INVALID_OPTION] spacingMs is 0')
})
