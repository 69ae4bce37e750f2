import { invalidOption, type TailError } from '../errors.js'
import type { Envelope } from '../types/options.js'

/** Which columns identify a row: a name, several, or a function of the row. */
export type KeyOf<Row> = (keyof Row & string) | readonly (keyof Row & string)[] | ((row: Row) => string)

/** How rows are told apart by a key. */
export interface KeyOptions<Row> {
  readonly key: KeyOf<Row>
  /** What happens when a key has more than one row: `KEY_VIOLATION`, or the event `keyViolation`. Default: `throw`. */
  readonly onKeyViolation?: 'throw' | 'report'
}

/** How `changes()` gives changes. */
export interface ChangesOptions<Row> extends KeyOptions<Row> {
  /** Lets the server do the pairing. The changes are the same. Default: it is done here, from the rows that go and come. */
  readonly envelope?: Envelope
}

/** What a key looks up: the column's value, the values of several in their order, or what the function gives. */
export type KeyValue = unknown

/** Checks that a key is of columns that there are; of a function nobody can say. Throws `INVALID_OPTION` with the columns. */
export function checkKey<Row>(key: KeyOf<Row>, columns: readonly string[]): void {
  const unknown = namesOf(key).find(name => !columns.includes(name))
  if (unknown !== undefined) throw noSuchColumn(unknown, columns)
}

/** A function from a row to its key as text, by which two rows have the same key exactly if their key columns are equal. */
export function keyFunction<Row>(key: KeyOf<Row>): (row: Row) => string {
  if (typeof key === 'function') return key
  const names = namesOf(key)
  const isList: boolean = Array.isArray(names)
  if (!isList || names.length === 0 || names.some(name => typeof name !== 'string'))
    throw invalidOption('key', key, 'the name of a column, a list of names, or a function of the row')
  return row =>
    keyText(
      names.map(name => {
        const value = row[name]
        // A schema may have taken a column away: all rows would have one key.
        if (value === undefined) throw noSuchColumn(name, Object.keys(row as object))
        return value
      }),
    )
}

/** The same text from the values themselves. */
export function lookupFunction<Row>(key: KeyOf<Row>): (value: KeyValue) => string {
  if (typeof key === 'function') return String
  return value => keyText(typeof key === 'string' ? [value] : (value as readonly unknown[]))
}

function namesOf<Row>(key: KeyOf<Row>): readonly (keyof Row & string)[] {
  return typeof key === 'function' ? [] : typeof key === 'string' ? [key] : key
}

function noSuchColumn(name: string, columns: readonly string[]): TailError {
  return invalidOption('key', name, `columns of the rows: ${columns.join(', ')}`)
}

function keyText(values: readonly unknown[]): string {
  // What is made of parts (an array, a range) may have a bigint in it.
  const isNested = values.some(value => typeof value === 'object' && value !== null)
  return isNested
    ? JSON.stringify(values, (_, value: unknown) => keyPart(value))
    : JSON.stringify(values.map(keyPart))
}

/** What JSON would make the same of different values is told apart. */
function keyPart(value: unknown): unknown {
  if (typeof value === 'bigint') return { bigint: String(value) }
  if (typeof value === 'number' && !Number.isFinite(value)) return { number: String(value) }
  return value
}
