import type { UnknownRow } from '@mzalert/tail-client'
import { expect, test } from 'vitest'
import { Gauge } from '../../src/exposition/gauge.js'
import { plans } from '../../src/series/plan.js'
import { eventLoopTurns, finish, inSlices, type Steps } from '../../src/series/slices.js'
import { SeriesStore } from '../../src/series/store.js'
import { batch, update } from '../support/source.js'

/** How much work is done between yields, as the rows say that are looked at. */
class Work {
  done = 0
  longest = 0
  slices = 1

  row(index: number): UnknownRow {
    const count = (): void => {
      this.longest = Math.max(this.longest, ++this.done)
    }
    return Object.defineProperty({}, 'a', {
      enumerable: true,
      get: () => {
        count()
        return `row ${index}`
      },
    }) as UnknownRow
  }

  run<Result>(steps: Steps<Result>): Result {
    for (;;) {
      const step = steps.next()
      if (step.done) return step.value
      this.done = 0
      this.slices++
    }
  }
}

function started(): { readonly store: SeriesStore; readonly gauge: Gauge } {
  const [plan] = plans([{ view: 'v', labels: { a: 'a' } }])
  if (!plan) throw new Error('no plan')
  return { store: new SeriesStore(plan), gauge: new Gauge('v', 'Help.') }
}

test.each([10_000, 100_000])('B4: a batch of %i rows is applied in slices of the same size', rows => {
  const { store, gauge } = started()
  const work = new Work()
  const updates = Array.from({ length: rows }, (_, index) => ({
    row: work.row(index),
    raw: `row ${index}`,
    diff: 1,
    timestamp: 1n,
  }))
  gauge.publish(work.run(gauge.next(work.run(store.apply(batch('snapshot', updates))))))
  expect(gauge.current.length).toBe(rows)
  expect(work.longest).toBeLessThanOrEqual(1024)
  expect(work.slices).toBeGreaterThan((4 * rows) / 1024)
})

test('B4: rows of long text make slices of fewer rows', () => {
  const { store } = started()
  const work = new Work()
  const updates = Array.from({ length: 200 }, (_, index) => ({
    row: work.row(index),
    raw: `${index} ${'x'.repeat(25_600)}`,
    diff: 1,
    timestamp: 1n,
  }))
  work.run(store.apply(batch('snapshot', updates)))
  expect(work.longest).toBeLessThanOrEqual(11)
})

test('B4: many rows on one series are settled in slices', () => {
  const [plan] = plans([{ view: 'v', labels: {}, value: { column: 'n' }, collisions: 'sum' }])
  if (!plan) throw new Error('no plan')
  const store = new SeriesStore(plan)
  const updates = Array.from({ length: 10_000 }, (_, n) => update({ n }))
  finish(store.apply(batch('snapshot', updates)))
  const work = new Work()
  const delta = work.run(store.apply(batch('changes', [update({ n: 10_000 })])))
  expect([...delta.changed].map(({ value }) => value)).toEqual([50_005_000])
  expect(work.slices).toBeGreaterThan(9)
})

test('B4: a scrape yields after every segment that it has to render, and not for what is rendered', () => {
  const { store, gauge } = started()
  const updates = Array.from({ length: 10_000 }, (_, index) => update({ a: String(index) }))
  gauge.publish(finish(gauge.next(finish(store.apply(batch('snapshot', updates))))))
  const first = new Work()
  first.run(gauge.bytes(0))
  expect(first.slices).toBe(1 + Math.ceil(10_000 / 1024))
  const second = new Work()
  second.run(gauge.bytes(0))
  expect(second.slices).toBe(1)
})

test('B4: lines of long text make slices of fewer lines, which are kept as they are', () => {
  const { store, gauge } = started()
  const updates = Array.from({ length: 1000 }, (_, index) => update({ a: `${index}`.padEnd(5000, 'x') }))
  gauge.publish(finish(gauge.next(finish(store.apply(batch('snapshot', updates))))))
  const first = new Work()
  const chunks = first.run(gauge.bytes(0))
  expect(first.slices).toBeGreaterThan(15)
  expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThan(300_000)
  const second = new Work()
  expect(second.run(gauge.bytes(0)).every((chunk, index) => chunk === chunks[index])).toBe(true)
  expect(second.slices).toBe(1)
})

test('what fits in a slice needs no turn', async () => {
  const turns = { count: 0 }
  const turn = async (): Promise<void> => {
    turns.count++
  }
  const { store } = started()
  const counts = await inSlices(store.apply(batch('snapshot', [update({ a: 'x' })])), turn)
  expect(counts.added).toHaveLength(1)
  expect(turns.count).toBe(0)
})

test('B4: of all that are at work, each turn of the event loop gives one its turn, in the order they asked', async () => {
  const turn = eventLoopTurns()
  const log: string[] = []
  let loops = 0
  let isOver = false
  const count = (): void => {
    loops++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  const work = async (name: string): Promise<void> => {
    for (let slice = 0; slice < 3; slice++) {
      await turn()
      log.push(`${name}${loops}`)
    }
  }
  await Promise.all([work('a'), work('b'), work('c')])
  isOver = true
  expect(log.map(entry => entry[0]).join('')).toBe('abcabcabc')
  expect(new Set(log.map(entry => entry.slice(1))).size).toBe(log.length)
})
