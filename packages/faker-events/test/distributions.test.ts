import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { weighted, zipf } from '../src/distributions.js'
import { Random } from '../src/random.js'

function tally(pick: (random: Random) => number, size: number, draws: number): number[] {
  const counts = Array.from({ length: size }, () => 0)
  const random = Random.of(11)
  for (let drawn = 0; drawn < draws; drawn += 1) {
    const position = pick(random)
    counts[position] = (counts[position] ?? 0) + 1
  }
  return counts
}

describe('drawing with weights', () => {
  test('a position comes up in proportion to its weight, and one without weight never', () => {
    const [none, one, three, last] = tally(weighted([0, 1, 3, 0]), 4, 40_000)
    expect([none, last]).toEqual([0, 0])
    expect((three ?? 0) / (one ?? 1)).toBeCloseTo(3, 0)
  })

  test('the binary search finds what adding up from the left finds', () => {
    const weights = fc
      .array(fc.nat(50), { minLength: 1, maxLength: 40 })
      .filter(all => all.some(weight => weight > 0))
    fc.assert(
      fc.property(weights, fc.nat(), (all, seed) => {
        const total = all.reduce((sum, weight) => sum + weight)
        let left = Random.of(seed).below(total)
        const linear = all.findIndex(weight => {
          left -= weight
          return left < 0
        })
        expect(weighted(all)(Random.of(seed))).toBe(linear)
      }),
    )
  })

  test("Zipf's first rank comes up twice as often as the second and five times as often as the fifth", () => {
    const counts = tally(zipf(10), 10, 100_000)
    expect((counts[0] ?? 0) / (counts[1] ?? 1)).toBeCloseTo(2, 0)
    expect((counts[0] ?? 0) / (counts[4] ?? 1)).toBeCloseTo(5, 0)
  })

  test('the most skewed table still fits into 32 bits', () => {
    const pick = zipf(100_000)
    const drawn = Array.from({ length: 1000 }, (_, index) => pick(Random.of(5).at(index)))
    expect(drawn.every(rank => rank >= 0 && rank < 100_000)).toBe(true)
    expect(Math.max(...drawn)).toBeGreaterThan(1000)
  })
})
