import { TailError } from '../errors.js'
import type { Update } from '../types.js'

/** What happened to the row of one key at one timestamp. */
export type Change<Row> =
  | { readonly type: 'insert'; readonly row: Row; readonly previous: undefined; readonly timestamp: bigint }
  | { readonly type: 'update'; readonly row: Row; readonly previous: Row; readonly timestamp: bigint }
  | { readonly type: 'delete'; readonly row: undefined; readonly previous: Row; readonly timestamp: bigint }

/**
 * The changes by key of the updates of one timestamp. Retractions may come after additions, so that they are looked at as a set:
 * a retraction and an addition of one key are an update. More than one row of a key at once throws `KEY_VIOLATION` with both.
 */
export function changesByKey<Row>(
  updates: readonly Update<Row>[],
  keyOf: (row: Row) => string,
): readonly Change<Row>[] {
  const keys = new Map<string, { added?: Update<Row>; removed?: Update<Row> }>()
  for (const update of updates) {
    const key = keyOf(update.row)
    const both = keys.get(key) ?? {}
    const side = update.diff > 0 ? 'added' : 'removed'
    const other = both[side]
    if (other || Math.abs(update.diff) !== 1) throw violation(key, update, other)
    both[side] = update
    keys.set(key, both)
  }
  return Array.from(keys.values(), ({ added, removed }) => change(added, removed))
}

function change<Row>(added: Update<Row> | undefined, removed: Update<Row> | undefined): Change<Row> {
  if (added && removed)
    return { type: 'update', row: added.row, previous: removed.row, timestamp: added.timestamp }
  if (added) return { type: 'insert', row: added.row, previous: undefined, timestamp: added.timestamp }
  if (removed) return { type: 'delete', row: undefined, previous: removed.row, timestamp: removed.timestamp }
  throw new TailError('PROTOCOL', 'A change without an update.')
}

function violation<Row>(key: string, update: Update<Row>, other: Update<Row> | undefined): TailError {
  const rows = other
    ? `${JSON.stringify(other.raw)} and ${JSON.stringify(update.raw)}`
    : `${update.diff} times ${JSON.stringify(update.raw)}`
  return new TailError(
    'KEY_VIOLATION',
    `Key ${key} has more than one row at timestamp ${update.timestamp}: ${rows}. Choose a key that is unique.`,
  )
}
