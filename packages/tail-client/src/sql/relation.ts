import type { Column } from '../types/connection.js'

const brand: unique symbol = Symbol.for('@mzalert/tail-client/relation') as never

/** A relation whose rows have a type, and whose columns are checked against it when the stream connects. */
export interface Relation<Row> {
  readonly name: string | readonly string[]
  readonly columns: readonly Column[]
  readonly [brand]: true
  /** For the type alone: there is no such value. */
  readonly row?: Row
}

/**
 * A relation as `mztail types` writes it: its name, and the columns that it had then. To tail it when it has others is
 * `SCHEMA_MISMATCH`, with the column, before any row.
 */
export function relation<Row>(name: string | readonly string[], columns: readonly Column[]): Relation<Row> {
  return { name, columns, [brand]: true }
}

/** Whether `value` was made by `relation`, also by another copy of this package. */
export function isRelation(value: unknown): value is Relation<unknown> {
  return typeof value === 'object' && value !== null && brand in value
}
