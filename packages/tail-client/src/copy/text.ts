const named: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }
const escapes = /\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|([\s\S]))/g

/**
 * The value of one COPY text field, which is not `\N`. Materialize escapes only backslash, line feed, carriage return and tab;
 * PostgreSQL's other escapes are understood too (https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS).
 */
export function unescapeField(field: string): string {
  return field.replace(escapes, (_, octal?: string, hex?: string, letter?: string) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff)
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    return letter === undefined ? '' : (named[letter] ?? letter)
  })
}
