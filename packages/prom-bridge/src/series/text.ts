import { createHash } from 'node:crypto'

/**
 * A column's value as the text of a label, or null where the label is left out: NULL, and the empty text, which Prometheus
 * does not tell from an absent label. Total: never throws, whatever the value.
 */
export function labelText(value: unknown): string | null {
  const text = plainText(value)
  return text === '' || text === null ? null : wellFormed(text)
}

/** Hexadecimal digits of the hash that ends a text that was cut, and the `~` before them. */
const hashLength = 12
const mark = '~'

/** The shortest that a label may be cut to: a few characters and the hash. */
export const minLabelBytes = 24

/** A text of at most so many bytes of UTF-8: longer ones are cut, and end with a hash of the whole. */
export function shortened(text: string, maxBytes: number): string {
  // A UTF-16 unit has three bytes at most.
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text
  const hash = createHash('sha256').update(text).digest('hex').slice(0, hashLength)
  const kept = Buffer.from(text).subarray(0, maxBytes - hashLength - mark.length)
  // What is left of a character that was cut through is not valid on its own.
  return `${kept.toString().replace(/\uFFFD+$/, '')}${mark}${hash}`
}

/** The labels as they stand in the exposition, `{a="1",b="2"}`, or the empty text if there are none. */
export function labelSet(names: readonly string[], values: readonly (string | null)[]): string {
  let text = ''
  names.forEach((name, index) => {
    const value = values[index] ?? null
    if (value !== null) text += `${text === '' ? '' : ','}${name}="${escapeLabelValue(value)}"`
  })
  return text === '' ? '' : `{${text}}`
}

/** The values of these labels in a label set that `labelSet` made, by position; null where a label is left out. */
export function labelValuesOf(labels: string, names: readonly string[]): readonly (string | null)[] {
  const values = new Map<string, string>()
  for (const [, name = '', value = ''] of labels.matchAll(/(\w+)="([^"\\]*(?:\\.[^"\\]*)*)"/g))
    values.set(name, unescapeLabelValue(value))
  return names.map(name => values.get(name) ?? null)
}

function unescapeLabelValue(text: string): string {
  if (!text.includes('\\')) return text
  return text.replace(/\\(.)/g, (_escape, character: string) => (character === 'n' ? '\n' : character))
}

/** What the text format asks for in label values: backslash first, then quotes and line feeds; anything else may stand raw. */
export function escapeLabelValue(text: string): string {
  if (!/[\\"\n]/.test(text)) return text
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function plainText(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
      return value
    case 'undefined':
      return null
    case 'object':
      return value === null ? null : objectText(value)
    case 'number':
      return Object.is(value, -0) ? '0' : String(value)
    default:
      return String(value)
  }
}

function objectText(value: object): string {
  try {
    if (value instanceof Date) return value.toISOString()
    if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`
    return (
      JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) ??
      ''
    )
  } catch {
    // An invalid date, a cycle, a getter that throws: one text for all, and rows that share it are counted as a collision.
    return 'unprintable'
  }
}

/** A surrogate without its partner has no UTF-8: two of them would be told apart here and be one series on the wire. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD')
}
