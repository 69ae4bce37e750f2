import { invalidOption, unknownOption } from './errors.js'

/** A whole number from `min` to `max`. `INVALID_OPTION` otherwise. */
export function whole(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw invalidOption(name, value, `a whole number from ${min} to ${max}`)
}

/** A number from `min` to `max`, with a fraction if need be. `INVALID_OPTION` otherwise. */
export function between(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw invalidOption(name, value, `a number from ${min} to ${max}`)
}

/** A text that is not empty. `INVALID_OPTION` otherwise. */
export function text(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw invalidOption(name, value, 'a text that is not empty')
}

/** Refuses what nobody would read: a misspelt option is an error, not a default. */
function onlyKnown(options: object, known: readonly string[]): void {
  const stranger = Object.keys(options).find(name => !known.includes(name))
  if (stranger !== undefined) throw unknownOption(stranger, known)
}

/** The last millisecond that a `Date` can express. */
export const lastMs = 8_640_000_000_000_000

/** A time range with `from <= to`; `to` is `Infinity` where it was left out. */
export function timeRange(range: { readonly from: number; readonly to?: number }): {
  readonly from: number
  readonly to: number
} {
  const from = whole('from', range.from, 0, lastMs)
  const to = range.to ?? Number.POSITIVE_INFINITY
  return { from, to: to === Number.POSITIVE_INFINITY ? to : whole('to', to, from, lastMs) }
}

/** A whole number from 0 to `max`, or `Infinity`. `INVALID_OPTION` otherwise. */
export function wholeOrEndless(name: string, value: unknown, max: number): number {
  return value === Number.POSITIVE_INFINITY ? value : whole(name, value, 0, max)
}

/** A time range with an end, for who counts events one by one. */
export function finiteRange(range: { readonly from: number; readonly to: number }): {
  readonly from: number
  readonly to: number
} {
  const { from, to } = timeRange(range)
  if (to !== Number.POSITIVE_INFINITY) return { from, to }
  throw invalidOption('to', to, 'an end: the events are counted one by one')
}

/** The options with their defaults; one that is undefined counts as left out, and an unknown one is refused. */
export function filled<Options extends object>(options: object, defaults: Options): Options {
  onlyKnown(options, Object.keys(defaults))
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  return { ...defaults, ...given }
}
