import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lastOf, Pile } from '../../src/series/pile.js'

test('it is a list, of any length, whose end can be asked for', () => {
  fc.assert(
    fc.property(fc.constantFrom(0, 1, 3, 1023, 1024, 1025, 3000), fc.nat(5), (length, count) => {
      const list = Array.from({ length }, (_, index) => index)
      const pile = new Pile<number>()
      for (const item of list) pile.push(item)
      expect([...pile]).toEqual(list)
      expect(pile.length).toBe(length)
      for (const index of [0, 1023, 1024, length - 1, length, -1, -length, -length - 1])
        expect(pile.at(index)).toBe(list.at(index))
      expect(lastOf(pile, count)).toEqual(count === 0 ? [] : list.slice(-count))
    }),
  )
})
