import { invalidOption } from './errors.js'
import type { RetryTurns } from './types/retry.js'

/**
 * Shared by many tails, it keeps their attempts apart: after an outage that all of them have seen, no two come back within `spacingMs`,
 * 100 by default. Give one to each of them as `retry.gate`. Holds one number per attempt that is still to come.
 */
export class RetryGate implements RetryTurns {
  readonly #spacingMs: number
  /** Moments that are taken, in order. */
  #taken: readonly number[] = []

  /** Throws `INVALID_OPTION` for a spacing that is not positive. */
  constructor({ spacingMs = 100 }: { readonly spacingMs?: number } = {}) {
    if (!(spacingMs > 0)) throw invalidOption('spacingMs', spacingMs, 'a positive number')
    this.#spacingMs = spacingMs
  }

  reserve(nowMs: number, delayMs: number): number {
    const taken = this.#taken.filter(each => each > nowMs - this.#spacingMs)
    let atMs = nowMs + delayMs
    for (const each of taken) {
      if (each >= atMs + this.#spacingMs) break
      if (each > atMs - this.#spacingMs) atMs = each + this.#spacingMs
    }
    this.#taken = [...taken, atMs].sort((a, b) => a - b)
    return atMs - nowMs
  }
}
