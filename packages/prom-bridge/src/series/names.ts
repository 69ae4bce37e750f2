import { invalidName } from '../errors.js'

/** Labels that Prometheus, or a rule, sets itself: a value from a row would be renamed or overwritten. */
const reservedLabels: Readonly<Record<string, string>> = {
  job: 'Prometheus sets it for the target and would rename this one to exported_job.',
  instance: 'Prometheus sets it for the target and would rename this one to exported_instance.',
  alertname: 'An alerting rule overwrites it with its own name.',
  le: 'It belongs to histograms.',
  quantile: 'It belongs to summaries.',
}

/** The prefix of what the bridge says about itself. */
const selfPrefix = 'mzalert_'

/** A gauge's name for a view: what a metric cannot be called becomes `_`; quotes go. */
export function sanitize(view: string): string {
  const name = view.replaceAll('"', '').replace(/[^a-zA-Z0-9_]/gu, '_')
  return /^[0-9]/.test(name) ? `_${name}` : name
}

/** Throws `INVALID_NAME` for what is no metric name, for colons (they belong to recording rules) and for our own prefix. */
export function checkMetricName(name: string, view: string): void {
  const what = `The metric of view ${JSON.stringify(view)}`
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name))
    throw invalidName(what, name, 'Use letters, digits and _, and no digit first: set the option name.')
  if (name.startsWith(selfPrefix))
    throw invalidName(
      what,
      name,
      `${selfPrefix} is the prefix of the bridge's own metrics: set the option name.`,
    )
}

/** Throws `INVALID_NAME` for what is no label name and for labels that would not keep the row's value; `column` fills the label, if one does. */
export function checkLabelName(label: string, view: string, column: string | undefined): void {
  const of = column === undefined ? '' : `, of column ${JSON.stringify(column)},`
  const what = `A label of view ${JSON.stringify(view)}${of}`
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label))
    throw invalidName(what, label, 'Use letters, digits and _, and no digit first.')
  if (label.startsWith('__'))
    throw invalidName(what, label, 'Labels that begin with __ are internal to Prometheus.')
  const reason = Object.hasOwn(reservedLabels, label) ? reservedLabels[label] : undefined
  if (reason !== undefined) throw invalidName(what, label, `${reason} Choose another name for it.`)
}
