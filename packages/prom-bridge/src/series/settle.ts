import type { CollisionPolicy } from '../types.js'
import { ExactSum } from './exact-sum.js'
import type { Row, Series } from './series.js'
import type { Budget, Steps } from './slices.js'

/** How the value of a series comes from its live rows. */
export interface Settlement {
  readonly policy: CollisionPolicy
  /** The value of one row. */
  readonly of: (row: Row) => number
}

/** The value that the policy gives the live rows; NaN if there are none. Does not depend on the order of rows. */
export function* settled(series: Series, { policy, of }: Settlement, budget: Budget): Steps<number> {
  const { rows } = series
  const [first, second] = rows
  if (first === undefined) return Number.NaN
  if (second === undefined) return of(first) * (policy === 'sum' ? first.multiplicity : 1)
  const sum = new ExactSum()
  let chosen = first
  for (const row of rows) {
    if (policy === 'sum') sum.add(of(row) * row.multiplicity)
    else if (policy === 'count') sum.add(of(row))
    else if (row !== chosen && isBetter(policy, row, chosen, of)) chosen = row
    if (budget.spend()) yield
  }
  return policy === 'sum' || policy === 'count' ? sum.value : of(chosen)
}

/** NaN loses to any number. The last row is that with the greatest timestamp, and of those the one whose text is greatest. */
function isBetter(
  policy: 'max' | 'min' | 'last' | 'error',
  row: Row,
  chosen: Row,
  of: Settlement['of'],
): boolean {
  if (policy === 'last') return row.at > chosen.at || (row.at === chosen.at && row.raw > chosen.raw)
  const [value, best] = [of(row), of(chosen)]
  return Number.isNaN(best) || (policy === 'max' ? value > best : value < best)
}
