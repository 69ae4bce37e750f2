import type { Delta } from './store.js'

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

  constructor(limit = 50) {
    this.#limit = limit
  }

  get latest(): readonly Transition[] {
    return this.#latest
  }

  get total(): number {
    return this.#total
  }

  record({ added, removed, isSnapshot, atMs }: Delta): void {
    if (isSnapshot) return
    const fresh: Transition[] = []
    // What is beyond the limit is counted, not kept: a batch may be far longer than the list.
    const skip = Math.max(0, added.length + removed.length - this.#limit)
    this.#total += skip
    let index = 0
    for (const { to, list } of [
      { to: 'resolved', list: removed },
      { to: 'firing', list: added },
    ] as const)
      for (const { values } of list)
        if (index++ >= skip) fresh.push({ to, values, atMs, number: ++this.#total })
    if (fresh.length > 0) this.#latest = [...fresh.reverse(), ...this.#latest].slice(0, this.#limit)
  }
}
