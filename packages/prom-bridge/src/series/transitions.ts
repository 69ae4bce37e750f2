import type { Delta } from './delta.js'
import { lastOf } from './pile.js'

/** A series appeared or went. */
export interface Transition {
  readonly to: 'firing' | 'resolved'
  readonly values: readonly (string | null)[]
  /** Milliseconds since 1970, by the server's clock. */
  readonly atMs: number
  /** Grows by one with every transition of the view. */
  readonly number: number
}

/** The last transitions of a view, newest first; at most `limit`. A first snapshot has none: nobody saw it happen. */
export class Transitions {
  readonly #limit: number
  #latest: readonly Transition[] = []
  #total = 0
  #fired = 0

  constructor(limit = 50) {
    this.#limit = limit
  }

  get latest(): readonly Transition[] {
    return this.#latest
  }

  get total(): number {
    return this.#total
  }

  /** How many appeared; the others of `total` went. */
  get fired(): number {
    return this.#fired
  }

  record({ appeared: added, gone: removed, isSnapshot, atMs }: Delta): void {
    if (isSnapshot) return
    this.#fired += added.length
    // What is beyond the limit is counted, not looked at: a batch may be far longer than the list.
    const firing = lastOf(added, this.#limit)
    const resolved = lastOf(removed, this.#limit - firing.length)
    this.#total += added.length - firing.length + removed.length - resolved.length
    const fresh: Transition[] = []
    for (const { values } of resolved) fresh.push({ to: 'resolved', values, atMs, number: ++this.#total })
    for (const { values } of firing) fresh.push({ to: 'firing', values, atMs, number: ++this.#total })
    if (fresh.length > 0) this.#latest = [...fresh.reverse(), ...this.#latest].slice(0, this.#limit)
  }
}
