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

test.each([
  [
    'at their end',
    (index: number): string => `deployment_spike\torganization-${index % 1000}\tcustomer ${index}`,
  ],
  [
    'in their middle',
    (index: number): string => `{a="x",customer="customer ${index}",organization="eu-west-1"}`,
  ],
  ['far from their end', (index: number): string => `${index}${'x'.repeat(200)}`],
])('B4: keys that are counted up %s fill the shards evenly, and not in step', (_where, keyOf) => {
  const sharded = new ShardedMap<number>()
  for (let index = 0; index < 100_000; index++) sharded.set(keyOf(index), index)
  // 390 each; by chance, the largest of 256 has some sixty more.
  expect(sharded.largest).toBeLessThan(520)
  expect(sharded.largest).toBeGreaterThan(400)
})
