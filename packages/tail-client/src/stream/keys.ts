/** Which columns identify a row: a name, several, or a function of the row. */
export type KeyOf<Row> = (keyof Row & string) | readonly (keyof Row & string)[] | ((row: Row) => string)

/** How rows are told apart by a key. */
export interface KeyOptions<Row> {
  readonly key: KeyOf<Row>
  /** What happens when a key has more than one row: `KEY_VIOLATION`, or the event `keyViolation`. Default: `throw`. */
  readonly onKeyViolation?: 'throw' | 'report'
}

/** What a key looks up: the column's value, the values of several in their order, or what the function gives. */
export type KeyValue = unknown

/** A function from a row to its key as text, by which two rows have the same key exactly if their key columns are equal. */
export function keyFunction<Row>(key: KeyOf<Row>): (row: Row) => string {
  if (typeof key === 'function') return key
  const names: readonly (keyof Row & string)[] = typeof key === 'string' ? [key] : key
  return row => keyText(names.map(name => row[name]))
}

/** The same text from the values themselves. */
export function lookupFunction<Row>(key: KeyOf<Row>): (value: KeyValue) => string {
  if (typeof key === 'function') return String
  return value => keyText(typeof key === 'string' ? [value] : (value as readonly unknown[]))
}

function keyText(values: readonly unknown[]): string {
  return JSON.stringify(values.map(keyPart))
}

/** What JSON would make the same of different values is told apart. */
function keyPart(value: unknown): unknown {
  if (typeof value === 'bigint') return { bigint: String(value) }
  if (typeof value === 'number' && !Number.isFinite(value)) return { number: String(value) }
  return value
}
