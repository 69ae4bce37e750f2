import type { Batch, Update } from '@mzalert/tail-client'
import type { Change } from '../../src/lifecycle/instance.js'
import type { Lifecycle } from '../../src/lifecycle/lifecycle.js'

export type Row = Readonly<Record<string, unknown>>

/** An update as a server would send it: the row's text is its columns. */
export function update(row: Row, diff = 1, timestamp = 1000): Update<Row> {
  return { row, diff, timestamp: BigInt(timestamp), raw: JSON.stringify(row) }
}

/** A closed batch; by default its frontier is just past its last update. */
export function batch(
  kind: Batch<Row>['kind'],
  updates: readonly Update<Row>[] = [],
  upper: number = Number(updates.at(-1)?.timestamp ?? 1000n) + 1,
): Batch<Row> {
  return { kind, updates, lower: 0n, upper: BigInt(upper) }
}

/** A row of the view the examples are about. */
export function row(organization: string | null, more: Row = {}): Row {
  return { org: organization, ...more }
}

/** Applies a batch at once; gives what changed. */
export function apply(lifecycle: Lifecycle<Row>, given: Batch<Row>): readonly Change[] {
  const slices = lifecycle.apply(given)
  for (;;) {
    const { done, value } = slices.next()
    if (done) return value
  }
}
