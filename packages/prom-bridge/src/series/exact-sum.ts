/** Terms from here on are added up on a smaller scale: a sum on the way must not be infinite when the whole is not. */
const large = 2 ** 900
const scale = 2 ** 100

/**
 * A sum that is rounded once, at its end, so that the order of its terms does not matter
 * (Shewchuk, Adaptive Precision Floating-Point Arithmetic, 1997; as in Python's math.fsum).
 */
export class ExactSum {
  #partials: readonly number[] = []
  /** Of the large terms, each divided by `scale`. */
  #largePartials: readonly number[] = []
  /** The sum of the terms that are not finite: NaN, or infinite. */
  #special = 0

  get value(): number {
    if (!Number.isFinite(this.#special)) return this.#special
    if (this.#largePartials.length === 0) return rounded(this.#partials)
    const scaled = this.#partials.reduce((sum, part) => added(sum, part / scale), this.#largePartials)
    const whole = rounded(scaled)
    // What large terms leave when they cancel out is not too large: then every bit counts again.
    if (Math.abs(whole) >= large / scale) return whole * scale
    return rounded(this.#largePartials.reduce((sum, part) => added(sum, part * scale), this.#partials))
  }

  add(term: number): void {
    if (!Number.isFinite(term)) this.#special += term
    else if (Math.abs(term) < large) this.#partials = added(this.#partials, term)
    else this.#largePartials = added(this.#largePartials, term / scale)
  }
}

/** Parts that do not overlap, whose sum is exactly that of the parts and the term. */
function added(parts: readonly number[], term: number): readonly number[] {
  const next: number[] = []
  let rest = term
  for (const part of parts) {
    const [big, small] = Math.abs(rest) < Math.abs(part) ? [part, rest] : [rest, part]
    const sum = big + small
    const lost = small - (sum - big)
    if (lost !== 0) next.push(lost)
    rest = sum
  }
  if (rest !== 0) next.push(rest)
  return next
}

/** The nearest double to the sum of the parts. */
function rounded(parts: readonly number[]): number {
  let index = parts.length - 1
  let high = parts[index] ?? 0
  let low = 0
  while (index > 0 && low === 0) {
    const term = parts[--index] ?? 0
    const sum = high + term
    low = term - (sum - high)
    high = sum
  }
  // Halfway between two doubles the remaining parts decide to which side it goes.
  const next = parts[index - 1] ?? 0
  if (index > 0 && Math.sign(low) === Math.sign(next) && low !== 0) {
    const doubled = low * 2
    if (high + doubled - high === doubled) return high + doubled
  }
  return high
}
