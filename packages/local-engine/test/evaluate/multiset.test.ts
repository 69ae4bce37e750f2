import fc from 'fast-check'
import { expect, it } from 'vitest'
import { accumulate, consolidate, countLines, difference } from '../../src/evaluate/multiset.js'

const lines = fc.array(fc.constantFrom('a', 'b', 'cc', 'd'), { maxLength: 12 })

it('what was, with the difference added, is what is', () => {
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const counts = countLines(before)
      accumulate(counts, difference(countLines(before), countLines(after)))
      expect(counts).toEqual(countLines(after))
    }),
  )
})

it('the difference has each line once, and never 0', () => {
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const changes = difference(countLines(before), countLines(after))
      expect(new Set(changes.map(([line]) => line)).size).toBe(changes.length)
      expect(changes.every(([, diff]) => diff !== 0)).toBe(true)
    }),
  )
})

it('consolidating keeps the sum, in any order, and twice is as good as once', () => {
  const changes = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'cc'), fc.integer({ min: -3, max: 3 })))
  fc.assert(
    fc.property(changes, some => {
      const once = consolidate(some)
      expect(consolidate([...some].reverse())).toEqual(once)
      expect(consolidate(once)).toEqual(once)
      const sum = new Map<string, number>()
      accumulate(sum, some)
      expect(new Map(once)).toEqual(sum)
    }),
  )
})

it('shorter lines come first, as in the recordings', () => {
  const changes = consolidate([
    ['3\tmmm', 1],
    ['1\tzz', -1],
    ['2\taa', 1],
    ['2\ta', -1],
  ])
  expect(changes.map(([line]) => line)).toEqual(['2\ta', '1\tzz', '2\taa', '3\tmmm'])
})
