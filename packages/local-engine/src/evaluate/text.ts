/**
 * COPY text fields. Lines and fields are strings whose characters are bytes (latin1 of the UTF-8 bytes):
 * what is not converted is never decoded, and comparing them compares bytes.
 */

/** What PostgreSQL writes for control characters. https://www.postgresql.org/docs/current/sql-copy.html (Text Format) */
const postgresEscapes: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** What Materialize writes: only backslash, line feed, carriage return and tab; the others stand as raw bytes. */
const materializeEscapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** A field's value, from PostgreSQL's escapes. */
export function unescapeField(field: string): string {
  if (!field.includes('\\')) return field
  return field.replace(/\\([\s\S])/g, (_, letter: string) => postgresEscapes[letter] ?? letter)
}

/** A value as a field, in Materialize's escapes. */
export function escapeField(value: string): string {
  return value.replace(/[\\\n\r\t]/g, character => materializeEscapes[character] ?? character)
}

/** A field in Materialize's escapes, from PostgreSQL's; the value is the same. */
export function reescapeField(field: string): string {
  return field.includes('\\') && field !== '\\N' ? escapeField(unescapeField(field)) : field
}
