import { invalidOption } from '../errors.js'

const brand: unique symbol = Symbol.for('@mzalert/tail-client/sql') as never

/** A SELECT made by the `sql` tag: text with its values safely inlined. */
export interface SqlText {
  readonly text: string
  readonly [brand]: true
}

/** Values that `sql` knows to write as literals. */
export type SqlValue = string | number | bigint | boolean | null | Date | SqlText

/**
 * A query to tail: sql`select * from dim_deployments where organization = ${org}`.
 * COPY takes no parameters, so values are inlined as literals: strings quoted, numbers and dates written out,
 * another `sql` as its text. Throws `INVALID_OPTION` for values that have no literal (undefined, NaN, objects).
 */
export function sql(strings: TemplateStringsArray, ...values: readonly SqlValue[]): SqlText {
  let text = strings[0] ?? ''
  values.forEach((value, index) => {
    text += literal(value) + (strings[index + 1] ?? '')
  })
  return { text, [brand]: true }
}

/** Whether `value` was made by `sql`, also by another copy of this package. */
export function isSqlText(value: unknown): value is SqlText {
  return typeof value === 'object' && value !== null && brand in value
}

/** An identifier in quotes; a list is a qualified name. */
export function quoteName(name: string | readonly string[]): string {
  const parts = typeof name === 'string' ? name.split('.') : name
  if (parts.length === 0 || parts.some(part => part === '' || part.includes('\0')))
    throw invalidOption(
      'relation',
      name,
      'the name of a relation, such as "alerts" or "schema.alerts", or a list of its parts',
    )
  return parts.map(part => `"${part.replaceAll('"', '""')}"`).join('.')
}

function literal(value: SqlValue): string {
  if (value === null) return 'NULL'
  if (isSqlText(value)) return value.text
  if (typeof value === 'string' && !value.includes('\0')) return quoteText(value)
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))) {
    // In parentheses: after a minus it would begin a comment, and before `::` the minus would come last.
    return value < 0 ? `(${value})` : String(value)
  }
  if (value instanceof Date && !Number.isNaN(value.getTime()))
    return `TIMESTAMPTZ ${quoteText(value.toISOString())}`
  throw invalidOption(
    'a value in sql`…`',
    value,
    'text without NUL, finite numbers, bigint, boolean, Date, null or another sql`…`',
  )
}

/** With standard_conforming_strings, which both generations report as on, only the quote is special. */
function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
