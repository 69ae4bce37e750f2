import type { Edition } from '../exposition/gauge.js'
import type { RowModel } from '../page/model.js'
import type { Delta } from '../series/delta.js'
import { lastOf } from '../series/pile.js'
import type { Series } from '../series/series.js'
import { Budget, type Steps } from '../series/slices.js'

/** Rows of a view that the page shows, and the newest series that are known so that it has them also when some go. */
const rowsOnPage = 200
const seriesKept = 2000

/** What is shown of a series: as it was when its batch became visible, whatever is made of it since. */
interface Shown {
  readonly series: Series
  readonly value: number
  readonly sinceMs: number
  readonly isSinceExact: boolean
}

/**
 * The newest series of a view, of any number. Each batch costs what it adds, and a look at those that are known; only when too few of
 * them are left all series are looked at, in slices.
 */
export class Newest {
  /** Oldest first. */
  #known: readonly Series[] = []
  #shown: readonly Shown[] = []

  /** What is known becomes visible, together with the edition it belongs to. */
  publish(): void {
    this.#shown = this.#known.slice(-rowsOnPage).map(series => {
      const { value, sinceMs, isSinceExact } = series
      return { series, value, sinceMs, isSinceExact }
    })
  }

  /** Takes a batch in, of which `edition` has been made. `alive` is how many series with rows there are then. */
  *next({ appeared, gone }: Delta, { segments }: Edition, alive: number): Steps<void> {
    if (appeared.length + gone.length === 0) return
    const there = this.#known.filter(isAlive)
    this.#known = [...there, ...lastOf(appeared, seriesKept)].slice(-seriesKept)
    if (this.#known.length >= Math.min(rowsOnPage, alive)) return
    const budget = new Budget()
    let found: Series[] = []
    for (const { series } of segments) {
      for (const one of series) if (isAlive(one)) found.push(one)
      if (found.length > 4 * seriesKept) found = newestOf(found)
      if (budget.spend(series.length)) yield
    }
    this.#known = newestOf(found)
  }

  /** The rows that the page shows: alerts with the newest first; measurements by their labels, so that a value keeps its place. */
  rows(isAlert: boolean, shown: (value: number) => number): readonly RowModel[] {
    return this.#shown
      .toSorted(({ series: a, sinceMs: aMs }, { series: b, sinceMs: bMs }) => {
        const byLabels = a.labels < b.labels ? -1 : Number(a.labels > b.labels)
        return (isAlert ? bMs - aMs : 0) || byLabels
      })
      .map(({ series: { values }, value, sinceMs, isSinceExact }) => ({
        values,
        value: shown(value),
        sinceMs,
        isSinceExact,
      }))
  }
}

/** One that is kept at 0 has no rows. */
function isAlive({ isPublished, size }: Series): boolean {
  return isPublished && size > 0
}

function newestOf(series: readonly Series[]): Series[] {
  return series.toSorted((a, b) => a.sinceMs - b.sinceMs).slice(-seriesKept)
}
