import { invalidOption } from '../errors.js'
import type { AlertOptions, LabelOptions, SkipReason } from '../types.js'
import { labelText } from './text.js'

/** Names and values, sorted by name; no value is empty. */
export type LabelSet = readonly (readonly [name: string, value: string])[]

/** The characters that every version of Alertmanager takes. */
const nameRule = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/** What gives the labels of a row, `alertname` among them. Throws `INVALID_OPTION` for names that labels cannot have. */
export function labeller<Row>({ name, labels }: AlertOptions<Row>): (row: Row) => LabelSet | SkipReason {
  if (typeof labels === 'function') {
    return row => {
      let given: Readonly<Record<string, unknown>>
      try {
        given = labels(row)
      } catch {
        return 'label_failed'
      }
      if (typeof given !== 'object' || given === null) return 'label_failed'
      const named = { alertname: name, ...given }
      return Object.keys(named).every(isLabelName) ? labelSet(Object.entries(named)) : 'invalid_label'
    }
  }
  if (typeof labels !== 'object' || labels === null)
    throw invalidOption(
      'labels',
      labels,
      'an object of label names and the columns that fill them, or a function',
    )
  const entries = Object.entries<LabelOptions<Row>>({ alertname: { value: name }, ...labels })
  for (const [label, from] of entries) check(label, from)
  return row => {
    try {
      return labelSet(entries.map(([label, from]) => [label, labelValue(label, from, row)]))
    } catch (error) {
      if (error instanceof LabelFailure) return 'label_failed'
      throw error
    }
  }
}

/** `__` begins what is internal to Prometheus. */
export function isLabelName(name: string): boolean {
  return nameRule.test(name) && !name.startsWith('__')
}

class LabelFailure extends Error {}

function check(label: string, from: unknown): void {
  if (!isLabelName(label))
    throw invalidOption('labels', label, 'label names of letters, digits and _, no digit and no __ first')
  const isConstant =
    typeof from === 'object' &&
    from !== null &&
    'value' in from &&
    typeof from.value === 'string' &&
    from.value !== ''
  if (typeof from !== 'string' && typeof from !== 'function' && !isConstant)
    throw invalidOption(
      `labels.${label}`,
      from,
      'the name of a column, { value: "a constant text" } or a function of the row',
    )
}

function labelValue<Row>(label: string, from: LabelOptions<Row>, row: Row): unknown {
  if (typeof from === 'string') {
    const columns = row as Readonly<Record<string, unknown>>
    if (!Object.hasOwn(columns, from)) throw new LabelFailure(`There is no column for label ${label}.`)
    return columns[from]
  }
  if (typeof from === 'object') return from.value
  try {
    return from(row)
  } catch (cause) {
    throw new LabelFailure('The function threw.', { cause })
  }
}

/** Alertmanager drops labels without a value before it looks at identity; so do we. */
function labelSet(entries: readonly (readonly [string, unknown])[]): LabelSet | SkipReason {
  const set: (readonly [string, string])[] = []
  for (const [name, value] of entries) {
    const text = labelText(value)
    if (text !== '') set.push([name, text])
  }
  set.sort(([a], [b]) => (a < b ? -1 : 1))
  return set.length > 0 ? set : 'no_labels'
}
