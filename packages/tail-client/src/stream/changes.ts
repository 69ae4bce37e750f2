import { shownRow, TailError } from '../errors.js'
import type { Update } from '../types/update.js'

/** What happened to the row of one key at one timestamp. */
export type Change<Row> =
  | { readonly type: 'insert'; readonly row: Row; readonly previous: undefined; readonly timestamp: bigint }
  | { readonly type: 'update'; readonly row: Row; readonly previous: Row; readonly timestamp: bigint }
  | { readonly type: 'delete'; readonly row: undefined; readonly previous: Row; readonly timestamp: bigint }

/** A key that has more than one row at a timestamp: each of them, and twice one that is there several times, ordered by their text. */
export interface KeyViolation<Row> {
  readonly key: string
  readonly rows: readonly Row[]
  readonly timestamp: bigint
}

interface Kept<Row> {
  readonly raw: string
  readonly row: Row
  readonly multiplicity: number
}

/**
 * The rows by key, and from the updates of each timestamp the changes by key. Retractions may come after additions, so that a
 * timestamp's updates are looked at as a set. Where a key has more than one row, `onViolation` is told all of them, and the key
 * is taken to have the one whose text comes first: what the changes come to has, at each timestamp, one row per key.
 *
 * Holds one entry per row, since a second row of a key may come at any later time.
 */
export class KeyedRows<Row> {
  readonly #keyOf: (row: Row) => string
  readonly #onViolation: (violation: KeyViolation<Row>) => void
  /** Almost always one row; ordered by text. */
  readonly #rows = new Map<string, readonly Kept<Row>[]>()

  constructor(
    keyOf: (row: Row) => string,
    onViolation: (violation: KeyViolation<Row>) => void = violation => {
      throw keyViolation(violation)
    },
  ) {
    this.#keyOf = keyOf
    this.#onViolation = onViolation
  }

  /** The changes that the updates of one timestamp come to. */
  apply(updates: readonly Update<Row>[]): readonly Change<Row>[] {
    const touched = new Map<string, Update<Row>[]>()
    for (const update of updates) {
      const key = this.#keyOf(update.row)
      const others = touched.get(key)
      if (others) others.push(update)
      else touched.set(key, [update])
    }
    const changes: Change<Row>[] = []
    for (const [key, own] of touched) {
      const change = this.#change(key, own)
      if (change) changes.push(change)
    }
    return changes
  }

  #change(key: string, updates: readonly Update<Row>[]): Change<Row> | undefined {
    const known = this.#rows.get(key) ?? []
    const sums = new Map(known.map(kept => [kept.raw, kept]))
    for (const { raw, row, diff } of updates)
      sums.set(raw, { raw, row, multiplicity: (sums.get(raw)?.multiplicity ?? 0) + diff })
    const after = [...sums.values()].filter(({ multiplicity }) => multiplicity > 0)
    const timestamp = updates[0]?.timestamp ?? 0n
    if (after.length === 0) this.#rows.delete(key)
    else this.#rows.set(key, after)
    if (after.length > 1) after.sort((a, b) => (a.raw < b.raw ? -1 : a.raw > b.raw ? 1 : 0))
    const rows = after.flatMap(({ row, multiplicity }) => (multiplicity > 1 ? [row, row] : [row]))
    if (rows.length > 1) this.#onViolation({ key, rows, timestamp })
    // A stream that began without a snapshot takes away what it never gave: then this is what was there before.
    const unknown = [...sums.values()].find(({ multiplicity }) => multiplicity < 0)
    return difference(known[0] ?? unknown, after[0], timestamp)
  }
}

/** A violation as the error that says it, with the rows. */
export function keyViolation<Row>({ key, rows, timestamp }: KeyViolation<Row>): TailError {
  const [first, second] = rows.map(shownRow)
  const more = rows.length > 2 ? ` and ${rows.length - 2} more` : ''
  return new TailError(
    'KEY_VIOLATION',
    `Key ${key} has more than one row at timestamp ${timestamp}: ${first} and ${second}${more}. Choose a key that is unique, or have it reported.`,
  )
}

function difference<Row>(
  before: Kept<Row> | undefined,
  after: Kept<Row> | undefined,
  timestamp: bigint,
): Change<Row> | undefined {
  if (before && after)
    return before.raw === after.raw
      ? undefined
      : { type: 'update', row: after.row, previous: before.row, timestamp }
  if (after) return { type: 'insert', row: after.row, previous: undefined, timestamp }
  if (before) return { type: 'delete', row: undefined, previous: before.row, timestamp }
  return undefined
}
