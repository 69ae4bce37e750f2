import type { OverLimitPolicy } from '../types.js'
import { type Many, Pile } from './pile.js'
import type { Series } from './series.js'
import type { Budget, Steps } from './slices.js'

/** Of the limit: what all is dropped for comes again when there is a tenth of room, and not at the first row that goes. */
const recoversAt = 0.9

/** How many series a view may have, and what is done about more. */
export interface Limit {
  readonly maxSeries: number
  readonly policy: Exclude<OverLimitPolicy, 'fail'>
}

/** What is to be done with the series of a view after a batch. */
export interface Verdict {
  readonly admitted: Many<Series>
  readonly dropped: Many<Series>
}

/**
 * Keeps a view within its limit. With `drop-new`, who came first stays as long as it has rows, and who waits longest is next when
 * there is room again; with `drop-all` there are none from the first one too many until there is clearly room for all.
 * Depends on the batches alone.
 */
export class Admission {
  readonly #limit: Limit
  readonly #waiting = new Set<Series>()
  #isDropping = false

  constructor(limit: Limit) {
    this.#limit = limit
  }

  /** A series whose last row went does not wait any more. */
  forget(series: Series): void {
    this.#waiting.delete(series)
  }

  /**
   * Which of the `candidates`, which have rows and are not published, may be, and which of `all` must go. `published` series are
   * published now, `live` have rows.
   */
  *decide(
    candidates: Many<Series>,
    all: () => Iterable<Series>,
    { published, live }: { readonly published: number; readonly live: number },
    budget: Budget,
  ): Steps<Verdict> {
    const { maxSeries, policy } = this.#limit
    if (policy === 'drop-all') return yield* this.#dropAll(candidates, all, live, budget)
    let room = maxSeries - published
    if (this.#waiting.size === 0 && candidates.length <= room) return { admitted: candidates, dropped: [] }
    const admitted = new Pile<Series>()
    for (const series of candidates) {
      this.#waiting.add(series)
      if (budget.spend()) yield
    }
    for (const series of this.#waiting) {
      if (room-- <= 0) break
      this.#waiting.delete(series)
      admitted.push(series)
      if (budget.spend()) yield
    }
    return { admitted, dropped: [] }
  }

  *#dropAll(
    candidates: Many<Series>,
    all: () => Iterable<Series>,
    live: number,
    budget: Budget,
  ): Steps<Verdict> {
    const { maxSeries } = this.#limit
    const wasDropping = this.#isDropping
    this.#isDropping = live > (wasDropping ? Math.floor(maxSeries * recoversAt) : maxSeries)
    if (wasDropping === this.#isDropping) return { admitted: wasDropping ? [] : candidates, dropped: [] }
    const [admitted, dropped] = [new Pile<Series>(), new Pile<Series>()]
    for (const series of all()) {
      if (this.#isDropping && series.isPublished) dropped.push(series)
      if (!this.#isDropping && series.size > 0) admitted.push(series)
      if (budget.spend()) yield
    }
    return { admitted, dropped }
  }
}
