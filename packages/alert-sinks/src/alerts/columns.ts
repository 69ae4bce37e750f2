import { type SinksError, unknownColumn } from '../errors.js'
import type { AlertOptions } from '../types.js'

/** `UNKNOWN_COLUMN` if a label, the time it began, or what speaks for it is to come from a column that is not among these. */
export function missingColumn<Row>(
  { labels, startsAt, dedupe }: Pick<AlertOptions<Row>, 'labels' | 'startsAt' | 'dedupe'>,
  columns: readonly string[],
  isSame: (column: string, name: string) => boolean = (column, name) => column === name,
): SinksError | undefined {
  const ofLabels = typeof labels === 'function' ? [] : Object.entries(labels)
  const named = [
    ...ofLabels.map(([label, from]) => [`labels.${label}`, from] as const),
    ...Object.entries({ startsAt, dedupe }),
  ]
  for (const [option, from] of named)
    if (typeof from === 'string' && !columns.some(column => isSame(column, from)))
      return unknownColumn(option, from, columns)
  return undefined
}

/** Whether rows may call a column so: its name, or that in camelCase. */
export function isCalled(column: string, name: string): boolean {
  return plain(column) === plain(name)
}

function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase()
}
