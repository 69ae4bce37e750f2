import type { Alert } from '../types.js'

/** The one line that says what an alert is about. */
export function titleOf({ annotations, labels }: Alert): string {
  return (
    annotations['summary'] ?? annotations['title'] ?? `${labels['alertname'] ?? 'alert'}${labelText(labels)}`
  )
}

/** All labels but `alertname`, as ` (a=1, b=2)`; empty if there are none. */
function labelText(labels: Alert['labels']): string {
  const pairs = Object.entries(labels).filter(([name]) => name !== 'alertname')
  return pairs.length === 0 ? '' : ` (${pairs.map(([name, value]) => `${name}=${value}`).join(', ')})`
}

/** For who knows annotations only: each link as `<name>_url`, unless there is such an annotation. */
export function annotationsWithLinks({ annotations, links }: Alert): Readonly<Record<string, string>> {
  return {
    ...Object.fromEntries(Object.entries(links).map(([name, url]) => [`${name}_url`, url])),
    ...annotations,
  }
}

/** What all have in common: name and value. */
export function common(all: readonly Readonly<Record<string, string>>[]): Readonly<Record<string, string>> {
  const [first = {}, ...others] = all
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => others.every(other => other[name] === value)),
  )
}
