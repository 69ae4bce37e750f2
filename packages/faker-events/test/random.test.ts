import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Random, threefry } from '../src/random.js'

const seed = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })

function draw(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.uint32())
}

describe('random numbers', () => {
  // Random123's kat_vectors, threefry2x32 with 20 rounds.
  test.each([
    [0, 0, 0, 0, 0x6b200159, 0x99ba4efe],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
    [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3, 0xc4923a9c, 0x483df7a0],
  ])('are those of the published generator: key %i %i, counter %i %i', (k0, k1, c0, c1, x, y) => {
    expect(threefry(k0, k1, c0, c1)).toEqual([x, y])
  })

  test('E1: a sequence is a function of seed, label and index, whatever was drawn elsewhere', () => {
    fc.assert(
      fc.property(seed, fc.string(), seed, fc.nat(20), (number, label, index, elsewhere) => {
        const busy = Random.of(number)
        draw(busy, elsewhere)
        const parent = busy.split(label)
        draw(parent, elsewhere)
        expect(draw(parent.at(index), 5)).toEqual(draw(Random.of(number).split(label).at(index), 5))
      }),
    )
  })

  test('two seeds, two labels and two indexes give different sequences', () => {
    fc.assert(
      fc.property(seed, seed, (one, other) => {
        fc.pre(one !== other)
        const random = Random.of(7)
        expect(draw(Random.of(one), 2)).not.toEqual(draw(Random.of(other), 2))
        expect(draw(random.at(one), 2)).not.toEqual(draw(random.at(other), 2))
        expect(draw(random.split(`${one}`), 2)).not.toEqual(draw(random.split(`${other}`), 2))
      }),
    )
  })

  test('whole numbers below a limit are below it, and all of them come up about as often', () => {
    fc.assert(
      fc.property(seed, fc.integer({ min: 1, max: 2 ** 32 }), (number, limit) => {
        const drawn = Random.of(number).below(limit)
        expect(Number.isInteger(drawn) && drawn >= 0 && drawn < limit).toBe(true)
      }),
    )
    const counts = [0, 0, 0, 0, 0, 0]
    const random = Random.of(1)
    for (let rolls = 0; rolls < 60_000; rolls++) {
      const face = random.below(6)
      counts[face] = (counts[face] ?? 0) + 1
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400)
  })

  test('a number between 0 and 1 may be 0, is never 1, and is a half on average', () => {
    const random = Random.of(2)
    const drawn = Array.from({ length: 20_000 }, () => random.unit())
    expect(drawn.every(value => value >= 0 && value < 1)).toBe(true)
    expect(drawn.reduce((sum, value) => sum + value) / drawn.length).toBeCloseTo(0.5, 1)
  })

  test('a shuffle keeps every item and reaches every order', () => {
    const orders = new Set<string>()
    const random = Random.of(3)
    for (let index = 0; index < 200; index++) {
      const order = random.at(index).shuffle(['a', 'b', 'c'])
      expect([...order].sort()).toEqual(['a', 'b', 'c'])
      orders.add(order.join(''))
    }
    expect(orders.size).toBe(6)
  })
})

test('E1: nothing that makes events asks for chance, for the time, or for a function whose last bits differ between engines', () => {
  const folder = new URL('../src/', import.meta.url)
  const makers = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file =>
    /^(define|faults|scenarios)\/.*\.ts$|^(random|distributions)\.ts$/.test(file),
  )
  expect(makers.length).toBeGreaterThan(15)
  const forbidden = /Math\.(?!floor|min|max|imul)\w+|Date\b|performance|process\.|crypto|\*\*/
  for (const file of makers) {
    const code = readFileSync(new URL(file, folder), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    // The one exception: the date that faker must never look at is fixed.
    expect(code.replace('setDefaultRefDate', '').match(forbidden)?.[0], file).toBeUndefined()
  }
})
