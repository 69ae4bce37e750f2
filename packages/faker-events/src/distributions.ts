import { invalidOption } from './errors.js'
import type { Random } from './random.js'

/** A position in a list, drawn with some weight. */
export type Pick = (random: Random) => number

/** A number, drawn from some distribution. */
export type Draw = (random: Random) => number

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
  if (!weights.every(weight => Number.isInteger(weight) && weight >= 0) || total < 1 || total > 4_294_967_296)
    throw invalidOption('weights', weights, 'whole numbers from 0 whose sum is from 1 to 2^32')
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

/** Draws one of the names, in proportion to their whole-number weights. */
export function oneOf<Name extends string>(
  weights: Readonly<Record<Name, number>>,
): (random: Random) => Name {
  const names = Object.keys(weights) as Name[]
  const pick = weighted(names.map(name => weights[name]))
  return random => {
    const name = names[pick(random)]
    if (name === undefined) throw new RangeError('A name without a weight was drawn.')
    return name
  }
}

/**
 * Zipf's law with exponent 1 over `count` ranks (1 to 100,000): the first is drawn twice as often as the second,
 * three times as often as the third, and so on.
 */
export function zipf(count: number): Pick {
  return weighted(Array.from({ length: count }, (_, rank) => Math.floor(16_777_216 / (rank + 1))))
}

/** Every number from `min` to `max` (exclusive), equally likely. */
export function uniform({ min, max }: { readonly min: number; readonly max: number }): Draw {
  return random => min + random.unit() * (max - min)
}

// Densities are tables of cells, 64 to the unit: multiplication, which every engine rounds alike, makes them.
const cellsPerUnit = 64
const normalReach = 6
const exponentialReach = 16
/** exp(-1/4096) and exp(-1/64). */
const normalStep = 0.999_755_889_178_948_8
const exponentialStep = 0.984_496_437_005_408_5

/** The bell curve, cut at six deviations. */
export function normal({ mean, deviation }: { readonly mean: number; readonly deviation: number }): Draw {
  const half: number[] = []
  // From one cell's centre to the next, the density falls by exp(-1/4096), then by its square, its cube, and so on.
  for (
    let density = 16_777_216, fall = normalStep;
    half.length < normalReach * cellsPerUnit;
    fall *= normalStep
  ) {
    half.push(Math.floor(density))
    density *= fall
  }
  const pick = weighted([...half.toReversed(), ...half])
  return random => mean + deviation * ((pick(random) + random.unit()) / cellsPerUnit - normalReach)
}

/** How long one waits for what happens at random once in `mean` on average; cut at sixteen means. */
export function exponential({ mean }: { readonly mean: number }): Draw {
  const weights: number[] = []
  for (let density = 33_554_432; weights.length < exponentialReach * cellsPerUnit; density *= exponentialStep)
    weights.push(Math.floor(density))
  const pick = weighted(weights)
  return random => (mean * (pick(random) + random.unit())) / cellsPerUnit
}
