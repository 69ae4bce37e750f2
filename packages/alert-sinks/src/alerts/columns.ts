import { unknownColumn } from '../errors.js'
import type { AlertOptions } from '../types.js'

/** Throws `UNKNOWN_COLUMN` if a label, the time it began, or what speaks for it is to come from a column that is not among these. */
export function requireColumns<Row>(
  { labels, startsAt, dedupe }: Pick<AlertOptions<Row>, 'labels' | 'startsAt' | 'dedupe'>,
  columns: readonly string[],
): void {
  const named = typeof labels === 'function' ? [] : Object.entries(labels)
  for (const [label, from] of named)
    if (typeof from === 'string' && !columns.includes(from))
      throw unknownColumn(`labels.${label}`, from, columns)
  for (const [option, from] of Object.entries({ startsAt, dedupe }))
    if (typeof from === 'string' && !columns.includes(from)) throw unknownColumn(option, from, columns)
}
