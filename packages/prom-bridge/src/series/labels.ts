import type { UnknownRow } from '@mzalert/tail-client'
import type { Plan } from './plan.js'
import { labelText, shortened } from './text.js'
import type { SkipReason } from './value.js'

/** The label values of a row by position, null where a label is left out; or why the row has no sample. Never throws. */
export function labelValues(plan: Plan, row: UnknownRow): readonly (string | null)[] | SkipReason {
  const { labels, nulls, maxLabelBytes } = plan
  const values: (string | null)[] = []
  for (const from of labels) {
    let value: unknown
    if (typeof from === 'string') value = row[from]
    else if (typeof from === 'object') value = from.value
    else {
      try {
        value = from(row)
      } catch {
        return 'label_failed'
      }
    }
    const isNull = value === null || value === undefined
    if (isNull && nulls === 'skip') return 'null_label'
    const text = labelText(isNull && typeof nulls === 'object' ? nulls.sentinel : value)
    values.push(text === null ? null : shortened(text, maxLabelBytes))
  }
  return values
}
