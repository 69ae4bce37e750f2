import fc from 'fast-check'
import { expect, test } from 'vitest'
import { finish } from '../../src/steps.js'
import { consolidate } from '../../src/stream/consolidate.js'
import { HeldRows } from '../../src/stream/held.js'
import { sum } from '../support/decode.js'
import { runsOf, type Told, told } from '../support/rows.js'

const row = fc.constantFrom('a', 'b', 'c', 'd')
const updates = fc.array(
  fc.record({
    raw: row,
    diff: fc.integer({ min: -3, max: 3 }).filter(diff => diff !== 0),
    timestamp: fc.constant(1n),
  }),
)
const contents = fc
  .dictionary(row, fc.integer({ min: 1, max: 4 }))
  .map(rows => Object.entries(rows).map(([raw, diff]) => ({ raw, diff, timestamp: 5n })))

function rowsOf(updates: readonly Told[]): HeldRows {
  const rows = new HeldRows(100)
  finish(rows.apply(runsOf(updates)))
  return rows
}

test('T3: what is held plus the net difference is the new snapshot, and nothing more than the difference comes', () => {
  fc.assert(
    fc.property(contents, contents, (before, after) => {
      const held = new HeldRows(100)
      finish(held.apply(runsOf(before)))
      const net = told([finish(held.reconcile(rowsOf(after), 9n))])
      expect(sum([{ updates: before }, { updates: net }])).toEqual(sum([{ updates: after }]))
      expect(new Set(net.map(({ raw }) => raw)).size).toBe(net.length)
      for (const { diff, timestamp } of net) {
        expect(diff).not.toBe(0)
        expect(timestamp).toBe(9n)
      }
      expect(finish(held.reconcile(rowsOf(after), 10n)).count).toBe(0)
    }),
  )
})

test('T4: no more rows are held than maxHeldRows', () => {
  const held = new HeldRows(2)
  const apply = (timestamp: bigint, diffs: Readonly<Record<string, number>>): void =>
    finish(held.apply(runsOf(Object.entries(diffs).map(([raw, diff]) => ({ raw, diff, timestamp })))))
  apply(1n, { a: 1, b: 1 })
  apply(2n, { a: -1, c: 1 })
  expect(() => apply(3n, { d: 1 })).toThrow('[TOO_MANY_ROWS]')
})

test('T2: consolidating keeps the sum, leaves one update per row and timestamp, and does nothing a second time', () => {
  fc.assert(
    fc.property(updates, updates, (first, second) => {
      const all = [...first, ...second.map(update => ({ ...update, timestamp: 2n }))]
      const runs = runsOf(all)
      const consolidated = finish(consolidate(runs))
      const once = told(consolidated)
      for (const timestamp of [1n, 2n]) {
        const at = { updates: once.filter(update => update.timestamp === timestamp) }
        expect(sum([at])).toEqual(sum([{ updates: all.filter(update => update.timestamp === timestamp) }]))
        expect(new Set(at.updates.map(({ raw }) => raw)).size).toBe(at.updates.length)
      }
      expect(once.every(({ diff }) => diff !== 0) || consolidated === runs).toBe(true)
      expect(finish(consolidate(consolidated))).toBe(consolidated)
    }),
  )
})
