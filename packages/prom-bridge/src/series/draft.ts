import { type Many, Pile } from './pile.js'
import type { Series } from './series.js'
import type { Budget, Steps } from './slices.js'

/** What is known of a delta while a batch is settled. */
export interface Draft {
  readonly removed: Pile<Series>
  readonly changed: Pile<Series>
  readonly gone: Pile<Series>
  /** Series that have rows and are not published. */
  readonly candidates: Pile<Series>
  /** Series that have rows and were kept at 0. */
  readonly back: Pile<Series>
}

export function newDraft(): Draft {
  const [removed, changed, gone] = [new Pile<Series>(), new Pile<Series>(), new Pile<Series>()]
  return { removed, changed, gone, candidates: new Pile(), back: new Pile() }
}

/** All of the first, then all of the second. */
export function* joined(first: Many<Series>, second: Many<Series>, budget: Budget): Steps<Many<Series>> {
  const both = new Pile<Series>()
  for (const list of [first, second])
    for (const series of list) {
      both.push(series)
      if (budget.spend()) yield
    }
  return both
}
