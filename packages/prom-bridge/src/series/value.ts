/** Why a row has no sample. */
export type SkipReason = 'null_value' | 'not_a_number' | 'null_label' | 'label_failed' | 'limit'

export const skipReasons: readonly SkipReason[] = [
  'null_value',
  'not_a_number',
  'null_label',
  'label_failed',
  'limit',
]

/** As PostgreSQL and Materialize write numbers: no hexadecimal, no blanks, no empty text, all of which `Number` would take. */
const numberText = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

const namedNumbers: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['inf', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
])

/**
 * A column's value as a sample's: numbers of any width as the nearest double, booleans as 1 and 0, dates and timestamps as seconds
 * since 1970.
 * Total: gives the reason where there is no value.
 */
export function sampleValue(value: unknown): number | SkipReason {
  switch (typeof value) {
    case 'number':
      return value
    case 'bigint':
      return Number(value)
    case 'boolean':
      return value ? 1 : 0
    case 'string':
      if (numberText.test(value)) return Number(value)
      return namedNumbers.get(value) ?? secondsOf(value) ?? 'not_a_number'
    case 'undefined':
      return 'null_value'
    case 'object':
      if (value === null) return 'null_value'
      return value instanceof Date && !Number.isNaN(value.getTime()) ? value.getTime() / 1000 : 'not_a_number'
    default:
      return 'not_a_number'
  }
}

/** As PostgreSQL and Materialize write dates and timestamps; a zone may be `+00`, `+05:30` or `Z`. */
const timeText = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2})(\.\d+)?)?(?:Z|([+-]\d{2})(?::?(\d{2}))?)?$/

/**
 * A time as seconds since 1970: dates and timestamps, UTC where they have no zone, or numbers of milliseconds since 1970.
 * Total: gives the reason where there is none.
 */
export function timeSeconds(value: unknown): number | SkipReason {
  if (value instanceof Date) return sampleValue(value)
  if (typeof value === 'string' && timeText.test(value)) return secondsOf(value) ?? 'not_a_number'
  const ms = sampleValue(value)
  if (typeof ms === 'string') return ms
  return Number.isFinite(ms) && typeof value !== 'boolean' ? ms / 1000 : 'not_a_number'
}

/** Undefined where a text is no time. */
function secondsOf(text: string): number | undefined {
  const [, date, clock = '00:00:00', fraction = '', hours = '+00', minutes = '00'] = timeText.exec(text) ?? []
  if (date === undefined) return undefined
  const ms = Date.parse(`${date}T${clock}${hours}:${minutes}`)
  return Number.isNaN(ms) ? undefined : ms / 1000 + Number(`0${fraction}`)
}
