import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exponential, normal, oneOf, uniform, weighted, zipf } from '../src/distributions.js'
import { Random } from '../src/random.js'

function tally(pick: (random: Random) => number, size: number, draws: number): number[] {
  const counts = Array.from({ length: size }, () => 0)
  const random = Random.of(11)
  for (let drawn = 0; drawn < draws; drawn++) {
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

describe('drawing numbers', () => {
  /** `draws` of them, smallest first. */
  function sample(draw: (random: Random) => number, draws = 40_000): number[] {
    const random = Random.of(5)
    return Array.from({ length: draws }, () => draw(random)).sort((one, other) => one - other)
  }
  const mean = (all: readonly number[]): number => all.reduce((sum, each) => sum + each, 0) / all.length
  const part = (all: readonly number[], below: number): number =>
    all.filter(each => each < below).length / all.length

  test('a bell curve has its mean, its deviation, and its share within one, two and three deviations', () => {
    const all = sample(normal({ mean: 100, deviation: 10 }))
    expect(mean(all)).toBeCloseTo(100, 0)
    for (const [deviations, share] of [
      [-2, 0.0228],
      [-1, 0.1587],
      [0, 0.5],
      [1, 0.8413],
      [2, 0.9772],
      [3, 0.9987],
    ] as const)
      expect(Math.abs(part(all, 100 + 10 * deviations) - share)).toBeLessThan(0.008)
    expect(all[0]).toBeGreaterThanOrEqual(40)
    expect(all.at(-1)).toBeLessThan(160)
  })

  test('waiting times have their mean, and half of them are over after 0.69 of it', () => {
    const all = sample(exponential({ mean: 50 }))
    expect(Math.abs(mean(all) - 50)).toBeLessThan(1.5)
    for (const [means, share] of [
      [Math.LN2, 0.5],
      [1, 0.6321],
      [3, 0.9502],
    ] as const)
      expect(Math.abs(part(all, 50 * means) - share)).toBeLessThan(0.008)
    expect(all[0]).toBeGreaterThanOrEqual(0)
  })

  test('from a span every part is as likely as the others, and the end is not drawn', () => {
    const all = sample(uniform({ min: -5, max: 15 }))
    expect(part(all, 0)).toBeCloseTo(0.25, 1)
    expect(all[0]).toBeGreaterThanOrEqual(-5)
    expect(all.at(-1)).toBeLessThan(15)
  })

  test('E1: what is drawn is the same as when this was written, to the last bit', () => {
    const drawn = [normal({ mean: 0, deviation: 1 }), exponential({ mean: 1 }), zipf(1000)].map(draw =>
      Array.from({ length: 4 }, (_, index) => draw(Random.of(9).at(index))),
    )
    expect(drawn).toMatchInlineSnapshot(`
      [
        [
          0.23286479522721493,
          0.09907155419205083,
          -0.15334919339875341,
          -0.2949244103656383,
        ],
        [
          1.326614795227215,
          1.1303215541920508,
          0.7841508066012466,
          0.6425755896343617,
        ],
        [
          639,
          70,
          9,
          67,
        ],
      ]
    `)
  })

  test('a name comes up by its weight', () => {
    const kind = oneOf({ often: 9, seldom: 1, never: 0 })
    const random = Random.of(1)
    const drawn = Array.from({ length: 10_000 }, () => kind(random))
    expect(drawn.filter(name => name === 'often').length / 10_000).toBeCloseTo(0.9, 1)
    expect(drawn).not.toContain('never')
  })

  test.each([[[]], [[0, 0]], [[-1, 2]], [[0.5]], [[2 ** 32, 1]]])('weights %j are refused', weights => {
    expect(() => weighted(weights)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})
