import type { Edition } from '../exposition/gauge.js'
import { segmentSize } from '../exposition/segment.js'
import type { RowModel } from '../page/model.js'

/** Rows of a view that the page shows, and those among which it looks for the newest: neither grows with the view. */
const rowsOnPage = 200
const rowsToSort = 2000

/** The rows that the page shows: alerts with the newest first; measurements by their labels, so that a value keeps its place. */
export function rowsOf(
  { segments }: Edition,
  isAlert: boolean,
  shown: (value: number) => number,
): readonly RowModel[] {
  const newest = segments.slice(-Math.ceil(rowsToSort / segmentSize) - 1)
  const samples = newest.flatMap(({ series, values }) =>
    series.map((one, index) => ({ series: one, value: shown(values[index] ?? Number.NaN) })),
  )
  return samples
    .filter(({ value }) => !isAlert || value !== 0)
    .slice(-rowsToSort)
    .sort(({ series: a }, { series: b }) => {
      const byLabels = a.labels < b.labels ? -1 : Number(a.labels > b.labels)
      return (isAlert ? b.sinceMs - a.sinceMs : 0) || byLabels
    })
    .slice(0, rowsOnPage)
    .map(({ series: { values, sinceMs, isSinceExact }, value }) => ({ values, value, sinceMs, isSinceExact }))
}
