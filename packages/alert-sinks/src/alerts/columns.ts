import { unknownColumn } from '../errors.js'
import type { AlertOptions } from '../types.js'

/** Throws `UNKNOWN_COLUMN` if a label, or the time it began, is to come from a column that is not among these. */
export function requireColumns<Row>(
  { labels, startsAt }: Pick<AlertOptions<Row>, 'labels' | 'startsAt'>,
  columns: readonly string[],
): void {
  const named = typeof labels === 'function' ? [] : Object.entries(labels)
  for (const [label, from] of named)
    if (typeof from === 'string' && !columns.includes(from))
      throw unknownColumn(`labels.${label}`, from, columns)
  if (typeof startsAt === 'string' && !columns.includes(startsAt))
    throw unknownColumn('startsAt', startsAt, columns)
}
