import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accumulate, consolidate, type LineChange } from '../../src/evaluate/multiset.js'
import { History } from '../../src/stream/history.js'

const diff = fc.integer({ min: -2, max: 2 }).filter(each => each !== 0)
const changes = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), diff)).map(consolidate)

describe('what is kept of a view', () => {
  it('gives the contents at every time that it still knows, and what happened since', () => {
    fc.assert(
      fc.property(fc.array(changes, { maxLength: 12 }), fc.nat(12), (steps, floor) => {
        const history = new History()
        history.startAt(0)
        const then: LineChange[][] = []
        const rows = new Map<string, number>()
        then.push([])
        steps.forEach((step, i) => {
          accumulate(rows, step)
          if (step.length > 0) history.add(i + 1, step)
          then.push(consolidate(rows))
        })
        history.trim(floor)
        const now = consolidate(rows)
        for (let at = history.since; at <= steps.length; at++) {
          expect(consolidate(history.contentsAt(at, now))).toEqual(then[at])
          const sum = new Map(then[at])
          for (const moment of history.after(at)) accumulate(sum, moment.changes)
          expect(consolidate(sum)).toEqual(now)
        }
        expect(history.since).toBeLessThanOrEqual(floor)
      }),
    )
  })

  it('takes no memory once all of it is forgotten', () => {
    const history = new History()
    history.startAt(1)
    history.add(2, [['x', 1]])
    history.add(5, [['y', 1]])
    expect(history.bytes).toBeGreaterThan(0)
    expect(history.shed(1)).toBe(false)
    expect(history.shed(5)).toBe(true)
    expect(history.since).toBe(2)
    history.trim(5)
    expect([history.since, history.bytes, history.after(5)]).toEqual([5, 0, []])
  })
})
