import { excerpt, TailError } from '../errors.js'
import type { Interval, Range } from '../types/values.js'

/**
 * The fields of a record, `(1,"a b",)`, as text: the server does not say of which types they are. Nothing between commas is NULL
 * (https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX).
 */
export function parseRecord(text: string): readonly (string | null)[] {
  if (!text.startsWith('(') || !text.endsWith(')')) throw unreadable('a record', text)
  if (text === '()') return []
  const fields: (string | null)[] = []
  let at = 1
  for (;;) {
    const [field, end] = scalar(text, at, ',)')
    fields.push(field)
    if (text[end] === ')' && end === text.length - 1) return fields
    if (text[end] !== ',') throw unreadable('a record', text)
    at = end + 1
  }
}

/**
 * A range, `[1,5)`, `(,)` or `empty`; a bound that is missing is null
 * (https://www.postgresql.org/docs/current/rangetypes.html#RANGETYPES-IO).
 */
export function parseRange<T>(text: string, decode: (bound: string) => T): Range<T> {
  if (text === 'empty') return { lower: null, upper: null, bounds: 'empty' }
  const [lower, comma] = scalar(text, 1, ',')
  const [upper, end] = scalar(text, comma + 1, ')]')
  const bounds = `${text[0]}${text[end]}`
  if (text[comma] !== ',' || end !== text.length - 1 || !isBounds(bounds)) throw unreadable('a range', text)
  return {
    lower: lower === null ? null : decode(lower),
    upper: upper === null ? null : decode(upper),
    bounds,
  }
}

const unit = /^([+-]?\d+) (year|month|mon|day)s?(?: |$)/
const clock = /^([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/

/**
 * An interval, `1 year 2 months 3 days 04:05:06.789`: Materialize writes months where PostgreSQL writes mons
 * (https://materialize.com/docs/sql/types/interval/).
 */
export function parseInterval(text: string): Interval {
  let [months, days, microseconds] = [0, 0, 0n]
  let rest = text
  for (let match = unit.exec(rest); match; match = unit.exec(rest)) {
    const count = Number(match[1])
    if (match[2] === 'year') months += 12 * count
    else if (match[2] === 'day') days += count
    else months += count
    rest = rest.slice(match[0].length)
  }
  const match = clock.exec(rest)
  if (match) {
    const [, sign, hours, minutes, seconds, fraction = ''] = match
    const whole = (BigInt(hours ?? 0) * 60n + BigInt(minutes ?? 0)) * 60n + BigInt(seconds ?? 0)
    const size = whole * 1_000_000n + BigInt(fraction.padEnd(6, '0'))
    microseconds = sign === '-' ? -size : size
  } else if (rest !== '' || text === '') throw unreadable('an interval', text)
  return { months, days, microseconds }
}

/** A field up to one of `ends`, quoted or not, and where it ends; null where there is nothing. */
function scalar(text: string, from: number, ends: string): [string | null, number] {
  if (text[from] !== '"') {
    let end = from
    while (end < text.length && !ends.includes(text[end] ?? '')) end++
    return [end === from ? null : text.slice(from, end), end]
  }
  let value = ''
  for (let at = from + 1; at < text.length; at++) {
    const char = text[at]
    if (char === '"' && text[at + 1] !== '"') return [value, at + 1]
    // A quote is doubled, a backslash stands before what it escapes.
    value += char === '"' || char === '\\' ? (text[++at] ?? '') : char
  }
  throw unreadable('a quoted value', text)
}

function isBounds(text: string): text is '[]' | '[)' | '(]' | '()' {
  return /^[[(][\])]$/.test(text)
}

function unreadable(what: string, text: string): TailError {
  return new TailError('DECODE', `Not ${what}: ${JSON.stringify(excerpt(text))}.`)
}
