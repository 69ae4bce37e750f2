import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { update } from '../support/source.js'
import { WholeView } from '../support/whole.js'

const rowOf = (a: string): Record<string, unknown> => ({ a })
const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `s${index}`)

describe('more series than allowed', () => {
  test('B26: wait, if new ones are dropped: who came first stays, and who waits longest is next', () => {
    const view = new WholeView({ maxSeries: 3 })
    view.changes(...names(5).map(a => update(rowOf(a))))
    expect(view.samples()).toEqual({ s0: 1, s1: 1, s2: 1 })
    expect(view.counts).toMatchObject({ rows: 5, series: 3, skippedTotal: { limit: 2 } })
    view.changes(update(rowOf('s1'), -1), update(rowOf('s9')))
    expect(view.samples()).toEqual({ s0: 1, s2: 1, s3: 1 })
    view.changes(update(rowOf('s4'), -1), update(rowOf('s0'), -1))
    expect(view.samples()).toEqual({ s2: 1, s3: 1, s9: 1 })
    expect(view.counts.skippedTotal.limit).toBe(3)
  })

  test('do not push out others, however their rows change', () => {
    const view = new WholeView({ maxSeries: 2, value: { column: 'n' } })
    view.changes(...names(4).map(a => update({ a, n: 0 })))
    for (let n = 0; n < 5; n++)
      view.changes(...names(4).flatMap(a => [update({ a, n }, -1), update({ a, n: n + 1 })]))
    expect(view.samples()).toEqual({ s0: 5, s1: 5 })
  })

  test('B26: are none at all, if all are dropped, until a tenth of the room is free', () => {
    const view = new WholeView({ maxSeries: 10, overLimit: 'drop-all' })
    view.changes(...names(10).map(a => update(rowOf(a))))
    expect(Object.keys(view.samples())).toHaveLength(10)
    view.changes(update(rowOf('s10')))
    expect(view.samples()).toEqual({})
    expect(view.counts).toMatchObject({ rows: 11, series: 0, skippedTotal: { limit: 11 } })
    view.changes(update(rowOf('s10'), -1))
    expect(view.samples()).toEqual({})
    view.changes(update(rowOf('s9'), -1))
    expect(Object.keys(view.samples())).toHaveLength(9)
  })

  test('B26: hold the view back, if so wished, until there are few enough', () => {
    const view = new WholeView({ maxSeries: 2, overLimit: 'fail' })
    view.changes(...names(2).map(a => update(rowOf(a))))
    view.changes(update(rowOf('s0'), -1), update(rowOf('s7')))
    const { blocked } = view.changes(update(rowOf('s8')))
    expect(blocked?.message).toContain('[SERIES_LIMIT] View "v" makes 3 series, and 2 are allowed.')
    expect(view.samples()).toEqual({ s1: 1, s7: 1 })
    view.changes(update(rowOf('s1'), -1))
    expect(view.samples()).toEqual({ s7: 1, s8: 1 })
  })

  test('B26: are within the limit after every batch, whatever comes, and all are there when there is room', () => {
    const step = fc.array(fc.tuple(fc.nat(14), fc.constantFrom(-1, 1)), { maxLength: 10 })
    fc.assert(
      fc.property(
        fc.array(step),
        fc.constantFrom('drop-new' as const, 'drop-all' as const),
        fc.constantFrom('delete' as const, { zeroForMs: 3 }),
        (steps, overLimit, onRemove) => {
          const view = new WholeView({ maxSeries: 5, overLimit, onRemove })
          const rows = new Map<string, number>()
          steps.forEach((diffs, index) => {
            const updates = diffs.map(([number, diff]) => update(rowOf(`s${number}`), diff, 1000 + index))
            for (const { row, diff } of updates)
              rows.set(String(row['a']), (rows.get(String(row['a'])) ?? 0) + diff)
            view.changes(...updates)
            const live = [...rows].flatMap(([a, count]) => (count > 0 ? [a] : []))
            const samples = Object.entries(view.samples())
            const shown = samples.flatMap(([a, value]) => (value > 0 ? [a] : []))
            expect(view.counts).toMatchObject({
              series: samples.length,
              zeros: samples.length - shown.length,
            })
            expect(samples.length).toBeLessThanOrEqual(5)
            expect(live).toEqual(expect.arrayContaining(shown))
            // What is kept at 0 never takes the place of what has rows.
            if (overLimit === 'drop-new') expect(shown).toHaveLength(Math.min(5, live.length))
            if (overLimit === 'drop-all' && live.length > 5) expect(samples).toEqual([])
            if (overLimit === 'drop-all' && live.length < 5) expect(shown).toHaveLength(live.length)
          })
        },
      ),
      { numRuns: 500 },
    )
  })

  test('B26: have the place of those that are kept at 0, the oldest of which go first', () => {
    const view = new WholeView({ maxSeries: 2, onRemove: { zeroForMs: 60_000 } })
    view.changes(update(rowOf('x')), update(rowOf('y')))
    view.changes(update(rowOf('y'), -1, 2000))
    view.changes(update(rowOf('x'), -1, 2500))
    expect(view.samples()).toEqual({ x: 0, y: 0 })
    view.changes(update(rowOf('new'), 1, 3000))
    expect(view.samples()).toEqual({ x: 0, new: 1 })
    expect(view.counts).toMatchObject({ zeros: 1, series: 2 })
    expect(view.counts.skippedTotal.limit).toBe(0)
  })

  test('are neither fired nor resolved if they come again just as all are dropped', () => {
    const view = new WholeView({ maxSeries: 2, overLimit: 'drop-all', onRemove: { zeroForMs: 60_000 } })
    view.changes(update(rowOf('x')), update(rowOf('y')))
    view.changes(update(rowOf('x'), -1, 2000))
    const { appeared, gone } = view.changes(...['x', 'a', 'b'].map(a => update(rowOf(a), 1, 3000)))
    expect([...appeared]).toEqual([])
    expect([...gone].map(({ values: [a] }) => a)).toEqual(['y'])
    expect(view.samples()).toEqual({})
  })
})
