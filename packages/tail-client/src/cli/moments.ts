import type { Update } from '../types/update.js'

/** Updates by timestamp, in whose order they are. */
export function* momentsOf<Row>(updates: readonly Update<Row>[]): Generator<readonly Update<Row>[]> {
  for (let from = 0; from < updates.length; ) {
    let to = from
    while (updates[to]?.timestamp === updates[from]?.timestamp) to++
    yield updates.slice(from, to)
    from = to
  }
}
