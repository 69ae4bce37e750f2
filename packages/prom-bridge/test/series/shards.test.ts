import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ShardedMap } from '../../src/series/shards.js'

test('it is a map, for any keys', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string({ maxLength: 40 }), fc.boolean(), fc.nat())), steps => {
      const map = new Map<string, number>()
      const sharded = new ShardedMap<number>()
      for (const [key, isSet, value] of steps) {
        if (isSet) map.set(key, value)
        else map.delete(key)
        if (isSet) sharded.set(key, value)
        else sharded.delete(key)
        expect(sharded.get(key)).toBe(map.get(key))
        expect(sharded.has(key)).toBe(map.has(key))
      }
      expect([...sharded.values()].toSorted()).toEqual([...map.values()].toSorted())
    }),
  )
})
