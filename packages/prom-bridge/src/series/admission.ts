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

/** What there is when it is decided. */
export interface Occupied {
  readonly all: () => Iterable<Series>
  /** Series that are kept at 0, in the order in which that ends. */
  readonly zeros: Iterable<Series>
  /** How many series are published, those that are kept at 0 included. */
  readonly published: number
  /** How many series have rows. */
  readonly live: number
}

/**
 * Keeps a view within its limit. What is kept at 0 makes room first. With `drop-new`, who came first stays as long as it has rows, and
 * who waits longest is next when there is room again; with `drop-all` there are none from the first one too many until there is clearly
 * room for all. Depends on the batches alone.
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

  /** Which of the `candidates`, which have rows and are not published, may be, and which others must go. */
  *decide(candidates: Many<Series>, now: Occupied, budget: Budget): Steps<Verdict> {
    const { maxSeries, policy } = this.#limit
    if (policy === 'drop-all') return yield* this.#dropAll(candidates, now, budget)
    let room = maxSeries - now.published
    if (this.#waiting.size === 0 && candidates.length <= room) return { admitted: candidates, dropped: [] }
    for (const series of candidates) {
      this.#waiting.add(series)
      if (budget.spend()) yield
    }
    const dropped = yield* oldestOf(now.zeros, this.#waiting.size - room, budget)
    room += dropped.length
    const admitted = new Pile<Series>()
    for (const series of this.#waiting) {
      if (room-- <= 0) break
      this.#waiting.delete(series)
      admitted.push(series)
      if (budget.spend()) yield
    }
    return { admitted, dropped }
  }

  *#dropAll(
    candidates: Many<Series>,
    { all, zeros, published, live }: Occupied,
    budget: Budget,
  ): Steps<Verdict> {
    const { maxSeries } = this.#limit
    const wasDropping = this.#isDropping
    this.#isDropping = live > (wasDropping ? Math.floor(maxSeries * recoversAt) : maxSeries)
    if (wasDropping && this.#isDropping) return { admitted: [], dropped: [] }
    if (!wasDropping && !this.#isDropping) {
      const dropped = yield* oldestOf(zeros, published + candidates.length - maxSeries, budget)
      return { admitted: candidates, dropped }
    }
    const [admitted, dropped] = [new Pile<Series>(), new Pile<Series>()]
    for (const series of all()) {
      if (this.#isDropping && series.isPublished) dropped.push(series)
      if (!this.#isDropping && series.size > 0) admitted.push(series)
      if (budget.spend()) yield
    }
    return { admitted, dropped }
  }
}

/** Of the series that are kept at 0 those whose time is over first; one that has rows again is none. */
function* oldestOf(zeros: Iterable<Series>, count: number, budget: Budget): Steps<Many<Series>> {
  const oldest = new Pile<Series>()
  if (count <= 0) return oldest
  for (const series of zeros) {
    if (series.size === 0) oldest.push(series)
    if (oldest.length >= count) break
    if (budget.spend()) yield
  }
  return oldest
}
