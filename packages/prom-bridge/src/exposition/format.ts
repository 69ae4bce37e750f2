import { labelSet } from '../series/text.js'

/** One family of the text format with all its samples. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  readonly samples: readonly Sample[]
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** What the text format is called (https://prometheus.io/docs/instrumenting/exposition_formats/). Prometheus 3 insists on it. */
export const textContentType = 'text/plain; version=0.0.4; charset=utf-8'

/** A value as the text format writes it: any double, and the three that are no numbers. */
export function valueText(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

/** The two lines that open a family. In help, quotes stand as they are. */
export function header(name: string, help: string, type: Family['type']): string {
  const text = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return `# HELP ${name} ${text}\n# TYPE ${name} ${type}\n`
}

/** A small family as text. Label values are escaped; families without samples are left out. */
export function familyText({ name, help, type, samples }: Family): string {
  if (samples.length === 0) return ''
  const lines = samples.map(({ labels, value }) => {
    const set = labelSet(Object.keys(labels), Object.values(labels))
    return `${name}${set} ${valueText(value)}\n`
  })
  return header(name, help, type) + lines.join('')
}
