import type { Random } from './random.js'

/** A position in a list, drawn with some weight. */
export type Pick = (random: Random) => number

/**
 * Draws positions in proportion to whole-number `weights` (their sum from 1 to 2^32), by a table of sums and a
 * binary search: nothing that two engines could round differently.
 */
export function weighted(weights: readonly number[]): Pick {
  const sums: number[] = []
  let total = 0
  for (const weight of weights) {
    total += weight
    sums.push(total)
  }
  return random => {
    const drawn = random.below(total)
    let low = 0
    let high = sums.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (drawn < (sums[middle] ?? 0)) high = middle
      else low = middle + 1
    }
    return low
  }
}

/**
 * Zipf's law with exponent 1 over `count` ranks (1 to 100,000): the first is drawn twice as often as the second,
 * three times as often as the third, and so on.
 */
export function zipf(count: number): Pick {
  return weighted(Array.from({ length: count }, (_, rank) => Math.floor(16_777_216 / (rank + 1))))
}
