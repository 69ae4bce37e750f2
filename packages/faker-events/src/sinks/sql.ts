import { invalidOption } from '../errors.js'

/** A column's value, before it is text. Anything that is none of the first five is sent as JSON. */
export type SqlValue = string | number | bigint | boolean | null | object

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

/**
 * One field in COPY's text format; `null` is `\N`.
 * https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
 */
export function copyField(text: string | null): string {
  return text === null
    ? '\\N'
    : text.replace(/[\\\b\f\n\r\t\v]/g, character => escapes[character] ?? character)
}

/** One line of COPY's text format, with its newline. */
export function copyLine(fields: readonly (string | null)[]): string {
  return `${fields.map(copyField).join('\t')}\n`
}

/** A value as the server's text input understands it. */
export function sqlText(value: SqlValue): string | null {
  if (value === null || typeof value === 'string') return value
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** A value as a literal without a type, which takes that of its column. */
export function quoteLiteral(text: string | null): string {
  return text === null ? 'NULL' : `'${text.replaceAll("'", "''")}'`
}

/** One name, whatever is in it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A table: a name, dots between its parts; or its parts, taken as they are. `INVALID_OPTION` if a part is empty. */
export function quoteTable(table: string | readonly string[]): string {
  const parts = typeof table === 'string' ? table.split('.') : table
  const named =
    Array.isArray(parts) && parts.length > 0 && parts.every(part => typeof part === 'string' && part !== '')
  if (!named) throw invalidOption('table', table, 'a name, or a list of its parts, none of them empty')
  return parts.map(quoteName).join('.')
}
