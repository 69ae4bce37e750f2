/**
 * Threefry-2x32 with 20 rounds: 64 bits that are a function of a key and a counter, by additions, rotations and
 * xors of 32-bit integers only, hence the same on every engine.
 * J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", https://doi.org/10.1145/2063384.2063405
 */
export function threefry(k0: number, k1: number, c0: number, c1: number): readonly [number, number] {
  const k2 = k0 ^ k1 ^ 0x1bd11bda
  let x = (c0 + k0) | 0
  let y = (c1 + k1) | 0
  let [next, after, last] = [k1, k2, k0]
  for (let group = 1; group <= 5; group++) {
    for (const bits of group % 2 === 1 ? oddRotations : evenRotations) {
      x = (x + y) | 0
      y = ((y << bits) | (y >>> (32 - bits))) ^ x
    }
    x = (x + next) | 0
    y = (y + after + group) | 0
    ;[next, after, last] = [after, last, next]
  }
  return [x >>> 0, y >>> 0]
}

const oddRotations = [13, 15, 26, 6] as const
const evenRotations = [17, 29, 16, 24] as const

const twoTo32 = 4_294_967_296

// The second counter word says what a block is for, so that a child never repeats what its parent draws.
const forIndex = 0x4000_0000
const forLabel = 0x8000_0000

/**
 * A sequence of random numbers that is a function of (seed, labels, indexes).
 *
 * `split` and `at` give independent sequences and neither use up nor depend on what was drawn before, so adding a
 * draw in one place changes nothing in another.
 */
export class Random {
  readonly #k0: number
  readonly #k1: number
  #blocks = 0
  #spare = -1

  private constructor(k0: number, k1: number) {
    this.#k0 = k0
    this.#k1 = k1
  }

  /** `seed`: a whole number from 0 to 2^53 - 1. */
  static of(seed: number): Random {
    return new Random(seed >>> 0, Math.floor(seed / twoTo32))
  }

  /** The sequence with this name. */
  split(label: string): Random {
    const [k0, k1] = threefry(this.#k0, this.#k1, hash(label, 0x811c9dc5), hash(label, 0x9747b28c) | forLabel)
    return new Random(k0, k1)
  }

  /** The sequence at this index, a whole number from 0 to 2^53 - 1. */
  at(index: number): Random {
    const [k0, k1] = threefry(this.#k0, this.#k1, index >>> 0, Math.floor(index / twoTo32) | forIndex)
    return new Random(k0, k1)
  }

  /** 32 random bits, as a whole number. */
  uint32(): number {
    if (this.#spare >= 0) {
      const spare = this.#spare
      this.#spare = -1
      return spare
    }
    const [first, second] = threefry(this.#k0, this.#k1, this.#blocks, 0)
    this.#blocks++
    this.#spare = second
    return first
  }

  /** A whole number from 0 to `limit` - 1, each as likely as the others; `limit` from 1 to 2^32. */
  below(limit: number): number {
    // Numbers past the last whole multiple of the limit would favour the small ones.
    const fair = twoTo32 - (twoTo32 % limit)
    let drawn = this.uint32()
    while (drawn >= fair) drawn = this.uint32()
    return drawn % limit
  }

  /** A number in [0, 1), a multiple of 2^-32. */
  unit(): number {
    return this.uint32() / twoTo32
  }

  /** A new array with the items in random order. */
  shuffle<Item>(items: readonly Item[]): Item[] {
    const rest = [...items]
    const shuffled: Item[] = []
    while (rest.length > 0) shuffled.push(...rest.splice(this.below(rest.length), 1))
    return shuffled
  }
}

/** FNV-1a over the text's code units, from a given start. */
function hash(text: string, start: number): number {
  let bits = start
  for (let at = 0; at < text.length; at++) bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193)
  return bits >>> 0
}
