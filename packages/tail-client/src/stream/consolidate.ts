import type { Run } from '../log/run.js'
import { hashAt, nextAt } from '../log/segment.js'
import { placeOf, RowTable } from '../log/table.js'
import type { Steps } from '../steps.js'
import { HeldRows } from './held.js'

/**
 * Sums the diffs of equal rows at equal timestamps and drops zeros; runs, and in them rows in order of first appearance, stay in
 * order. Gives its argument back when there was nothing to do, which is what servers normally send.
 */
export function* consolidate(runs: readonly Run[]): Steps<readonly Run[]> {
  let result: Run[] | undefined
  for (const [index, run] of runs.entries()) {
    const consolidated = run.count > 1 && (yield* hasEqualRows(run)) ? yield* sums(run) : run
    if (consolidated !== run && !result) result = runs.slice(0, index)
    if (result && consolidated.count > 0) result.push(consolidated)
  }
  return result ?? runs
}

function* sums(run: Run): Steps<Run> {
  const rows = new HeldRows(Number.POSITIVE_INFINITY)
  yield* rows.apply([run])
  return yield* rows.entries(run.timestamp)
}

function* hasEqualRows({ count, spans }: Run): Steps<boolean> {
  const table = new RowTable(spans)
  table.reserve(count)
  for (const [index, { segment, from, to }] of spans.entries()) {
    for (let at = from; at < to; at = nextAt(segment, at)) {
      const slot = table.find(segment, at)
      if (slot >= 0) return true
      table.insert(~slot, placeOf(index, at), hashAt(segment, at))
    }
    yield
  }
  return false
}
