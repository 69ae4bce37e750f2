import { describe, expect, test } from 'vitest'
import { events, scenarios, withFaults } from '../../src/index.js'
import { origin } from '../support/story.js'

const story = scenarios.orders({ seed: 7 })
const range = { from: origin, to: origin + 300_000 }
const all = [...events(story, range)]

describe('the orders scenario', () => {
  test('inserts an order, updates it version by version, and deletes it with a null', () => {
    const orders = new Map<string, string>()
    for (const { key, value } of all) {
      const path = orders.get(key) ?? ''
      if (value !== null) {
        expect(value).toMatchObject({ order_id: Number(key), version: path.split(' ').length })
        expect(story.customers[value.customer_id - 1]).toMatchObject({
          customer_name: value.customer_name,
          organization: value.organization,
        })
      }
      orders.set(key, `${path} ${value?.state ?? 'deleted'}`)
    }
    const over = [...orders.values()].filter(path => path.endsWith('deleted'))
    expect(over.length).toBeGreaterThan(300)
    expect(new Set(over)).toEqual(
      new Set([' placed paid shipped delivered deleted', ' placed cancelled deleted']),
    )
    expect(over.filter(path => path.includes('cancelled')).length / over.length).toBeCloseTo(0.1, 1)
  })

  test('rushes as often, as long and as much as it is told to', () => {
    const options = {
      seed: 7,
      ordersPerSecond: 2,
      rushPerSecond: 50,
      rushForMs: 5000,
      rushEveryMs: 20_000,
    }
    const placed = [...events(scenarios.orders(options), { from: origin, to: origin + 60_000 })].filter(
      ({ value }) => value?.version === 1,
    )
    const perSecond = Array.from(
      { length: 60 },
      (_, second) =>
        placed.filter(({ timestampMs }) => Math.floor((timestampMs - origin) / 1000) === second).length,
    )
    for (const [second, count] of perSecond.entries()) {
      const isRush = second % 20 >= 15
      expect(count).toBeGreaterThanOrEqual(isRush ? 49 : 1)
      expect(count).toBeLessThanOrEqual(isRush ? 51 : 3)
    }
  })

  test('what an order costs and who placed it stay the same', () => {
    const fixed = new Map<string, string>()
    for (const { key, value } of all) {
      if (value === null) continue
      const now = `${value.customer_id} ${value.amount_cents}`
      expect(fixed.get(key) ?? now).toBe(now)
      fixed.set(key, now)
    }
  })

  test('E2: a rush makes a backlog in each round, exactly when counting orders by hand says so', () => {
    const chaos = withFaults(story, {
      late: 0.05,
      outOfOrder: 0.1,
      duplicated: 0.1,
      dropped: 0.1,
      malformed: 0.05,
    })
    for (const scenario of [story, chaos]) {
      const alerts = scenario.expectations({ ...range, threshold: 20 })
      expect(new Set(alerts.map(({ organization }) => organization)).size).toBeGreaterThan(1)
      const sent = [...events(scenario, range)]
      const orders = new Map<string, (typeof all)[number]['value']>()
      for (const [position, event] of sent.entries()) {
        if (event.body === undefined) orders.set(event.key, event.value)
        const nowMs = event.arrivesMs ?? event.timestampMs
        const next = sent[position + 1]
        if (next && (next.arrivesMs ?? next.timestampMs) === nowMs) continue
        const waiting = [...orders.values()].filter(
          order => order?.state === 'placed' || order?.state === 'paid',
        )
        const byHand = ['A', 'B', 'C', 'D'].filter(
          name => waiting.filter(order => order?.organization === name).length > 20,
        )
        const firing = alerts
          .filter(({ firesAtMs, resolvesAtMs }) => firesAtMs <= nowMs && nowMs < resolvesAtMs)
          .map(({ organization }) => organization)
        expect(firing.sort()).toEqual(byHand)
      }
    }
  })

  test.each([{ rushForMs: 60_000 }, { ordersPerSecond: 0 }, { speed: 1 } as object])('refuses %j', wrong => {
    expect(() => scenarios.orders(wrong)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})
