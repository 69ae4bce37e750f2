import type { UnknownRow } from '@mzalert/tail-client'
import type { Plan } from './plan.js'
import type { Settlement } from './settle.js'
import { type SkipReason, sampleValue, timeSeconds } from './value.js'

/** The number a row stands for; of a time, the negative, so that the clock at the scrape is all there is to add for its age. */
export function sampleOf({ value }: Plan, columns: UnknownRow): number | SkipReason {
  if (value === undefined || 'multiplicity' in value) return 1
  if ('column' in value) return sampleValue(columns[value.column])
  const seconds = timeSeconds(columns[value.ageOf])
  return typeof seconds === 'number' ? -seconds : seconds
}

/** What the value of one row is in its series. */
export function valueOfRow({ value, collisions }: Plan): Settlement['of'] {
  const countsRows = value !== undefined && 'multiplicity' in value && collisions !== 'sum'
  if (countsRows || collisions === 'count') return row => row.multiplicity
  return row => (typeof row.sample === 'number' ? row.sample : Number.NaN)
}
