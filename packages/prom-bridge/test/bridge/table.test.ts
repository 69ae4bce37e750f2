import type { UnknownRow, Update } from '@mzalert/tail-client'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Newest } from '../../src/bridge/table.js'
import { finish } from '../../src/series/slices.js'
import type { ViewOptions } from '../../src/types.js'
import { update } from '../support/source.js'
import { WholeView } from '../support/whole.js'

/** A view with what its page shows of it. */
class Page {
  readonly #view: WholeView
  readonly #newest = new Newest()

  constructor(options: Partial<ViewOptions> = {}) {
    this.#view = new WholeView(options)
  }

  changes(...updates: readonly Update<UnknownRow>[]): void {
    const delta = this.#view.changes(...updates)
    const { edition } = this.#view
    finish(this.#newest.next(delta, edition, edition.length - delta.counts.zeros))
    this.#newest.publish()
  }

  rows(isAlert = true): readonly { readonly a: string | null | undefined; readonly sinceMs: number }[] {
    return this.#newest.rows(isAlert, value => value).map(({ values: [a], sinceMs }) => ({ a, sinceMs }))
  }
}

const many = (from: number, to: number, diff: number, timestamp: number): Update<UnknownRow>[] =>
  Array.from({ length: to - from }, (_, index) => update({ a: `${from + index}` }, diff, timestamp))

describe('of many rows', () => {
  test('the page shows the newest, also when others take the places of those that went', () => {
    const page = new Page()
    page.changes(...many(0, 5000, 1, 1000))
    page.changes(update({ a: 'new' }, 1, 2000))
    page.changes(...many(0, 1500, -1, 3000))
    expect(page.rows()).toHaveLength(200)
    expect(page.rows()[0]).toEqual({ a: 'new', sinceMs: 2000 })
  })

  test('there are as many as the page has room for, also when all the newest went', () => {
    const page = new Page()
    page.changes(...many(0, 5000, 1, 1000))
    page.changes(...many(5000, 9000, 1, 2000))
    page.changes(...many(5000, 9000, -1, 3000))
    expect(page.rows()).toHaveLength(200)
    expect(page.rows().every(({ sinceMs }) => sinceMs === 1000)).toBe(true)
  })

  test('measurements keep their place when a value changes', () => {
    const page = new Page({ value: { column: 'n' } })
    page.changes(update({ a: 'B', n: 1 }), update({ a: 'A', n: 1 }))
    page.changes(update({ a: 'A', n: 1 }, -1), update({ a: 'A', n: 2 }))
    expect(page.rows(false).map(({ a }) => a)).toEqual(['A', 'B'])
  })

  test('the page has none that is kept at 0', () => {
    const page = new Page({ onRemove: { zeroForMs: 60_000 } })
    page.changes(...many(0, 3, 1, 1000))
    page.changes(update({ a: '1' }, -1, 2000))
    expect(page.rows().map(({ a }) => a)).toEqual(['0', '2'])
    page.changes(update({ a: '1' }, 1, 3000))
    expect(page.rows().map(({ a }) => a)).toEqual(['1', '0', '2'])
  })
})

test('whatever comes and goes, the page has the newest of what is there', () => {
  const batches = fc.array(fc.array(fc.tuple(fc.nat(600), fc.boolean()), { maxLength: 400 }), {
    maxLength: 8,
  })
  fc.assert(
    fc.property(batches, steps => {
      const page = new Page()
      const model = new Map<string, number>()
      for (const [index, step] of steps.entries()) {
        const atMs = 1000 * (index + 1)
        const wanted = new Map(step.map(([number, isThere]) => [`${number}`, isThere]))
        const updates: Update<UnknownRow>[] = []
        for (const [a, isThere] of wanted) {
          if (model.has(a) === isThere) continue
          updates.push(update({ a }, isThere ? 1 : -1, atMs))
          if (isThere) model.set(a, atMs)
          else model.delete(a)
        }
        page.changes(...updates)
        const rows = page.rows()
        expect(rows).toHaveLength(Math.min(200, model.size))
        for (const { a, sinceMs } of rows) expect(model.get(a ?? '')).toBe(sinceMs)
        const newest = [...model.values()].sort((x, y) => y - x).slice(0, 200)
        expect(rows.map(({ sinceMs }) => sinceMs)).toEqual(newest)
      }
    }),
    { numRuns: 100 },
  )
})
