import { fingerprint } from './fingerprint.js'

/** Longer texts are cut: no destination shows more, and some refuse it. */
const maxTextLength = 8192

/**
 * A column's value as text; the empty text for NULL. Objects are JSON, dates ISO 8601, bytes hexadecimal.
 * Total: never throws, whatever the value.
 */
export function textOf(value: unknown): string {
  return cut(wellFormed(plainText(value)), maxTextLength)
}

/** The same for a label. What is cut ends with the fingerprint of all of it, so that different values stay different alerts. */
export function labelText(value: unknown): string {
  const text = wellFormed(plainText(value))
  if (text.length <= maxTextLength) return text
  const mark = fingerprint([['', text]])
  return `${cut(text, maxTextLength - mark.length)}${mark}`
}

/** A text of at most so many UTF-16 units, none of them half of a character. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text
  const end = length - 1
  const isWithinPair = /[\uD800-\uDBFF]/.test(text[end - 1] ?? '')
  return `${text.slice(0, isWithinPair ? end - 1 : end)}…`
}

function plainText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'undefined':
      return ''
    case 'object':
      return value === null ? '' : objectText(value)
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
    return 'unprintable'
  }
}

/** A surrogate without its partner has no UTF-8: two of them would be told apart here and be the same on the wire. */
function wellFormed(text: string): string {
  // Asking first is far faster: hardly any text has one.
  return /[\uD800-\uDFFF]/.test(text) ? text.replace(/\p{Surrogate}/gu, '\uFFFD') : text
}

/** As PostgreSQL and Materialize write timestamps; UTC where there is no zone. */
const timeText = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?))?(Z|[+-]\d{2}(?::?\d{2})?)?$/

/**
 * A time as milliseconds since 1970: a date, a timestamp as text, or a number of milliseconds since 1970; undefined for anything else, and
 * for what is before year 1 or after 9999.
 */
export function timeMs(value: unknown): number | undefined {
  if (value instanceof Date) return writable(value.getTime())
  if (typeof value === 'number' || typeof value === 'bigint') return writable(Number(value))
  if (typeof value !== 'string') return undefined
  if (/^\d{1,16}(\.\d+)?$/.test(value)) return writable(Number(value))
  const [, date, clock = '00:00:00', zone = 'Z'] = timeText.exec(value) ?? []
  if (date === undefined) return undefined
  return writable(Date.parse(`${date}T${clock}${/^[+-]\d{2}$/.test(zone) ? `${zone}:00` : zone}`))
}

/** A number or a time as a number that can be compared; undefined for anything else. */
export function rankOf(value: unknown): number | undefined {
  const isNumber = typeof value === 'number' || typeof value === 'bigint'
  if (!isNumber && !(typeof value === 'string' && /^[+-]?\d+(\.\d+)?$/.test(value))) return timeMs(value)
  const rank = Number(value)
  return Number.isNaN(rank) ? undefined : rank
}

/** From year 1 to 9999, in milliseconds since 1970: what RFC 3339 can write, and so every sink. */
const [earliestMs, latestMs] = [-62_135_596_800_000, 253_402_300_799_999]

/** NaN, the infinite, and the marks that stand for them (the least 64-bit integer, 1e20) are no time. */
function writable(ms: number): number | undefined {
  return ms >= earliestMs && ms <= latestMs ? Math.trunc(ms) : undefined
}
