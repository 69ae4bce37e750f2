import { labelSet } from '../series/text.js'
import type { LiveSample } from '../types.js'
import { type CommonLabels, noLabels } from './common.js'

/** One family of the text format with all its samples. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter' | 'histogram'
  readonly samples: readonly Sample[]
}

export interface Sample {
  /** Of a histogram: what the family's name is followed by. */
  readonly suffix?: '_bucket' | '_sum' | '_count'
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** The text format 0.0.4, and OpenMetrics 1.0: for gauges they differ in the header, for counters in its name, too. */
export type Format = 'text' | 'openmetrics'

/** What the text format is called (https://prometheus.io/docs/instrumenting/exposition_formats/). Prometheus 3 insists on it. */
const textContentType = 'text/plain; version=0.0.4; charset=utf-8'

/** https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md */
const openMetricsContentType = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

export function contentTypeOf(format: Format): string {
  return format === 'text' ? textContentType : openMetricsContentType
}

/** What stands after the last family. */
export function footer(format: Format): string {
  return format === 'text' ? '' : '# EOF\n'
}

/** A value as the text format writes it: any double, and the three that are no numbers. */
export function valueText(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

/** The two lines that open a family. In the help of the text format quotes stand as they are, in OpenMetrics they are escaped. */
export function header(name: string, help: string, type: Family['type'], format: Format = 'text'): string {
  const text = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  if (format === 'text') return `# HELP ${name} ${text}\n# TYPE ${name} ${type}\n`
  const family = type === 'counter' ? name.replace(/_total$/, '') : name
  return `# HELP ${family} ${text.replaceAll('"', '\\"')}\n# TYPE ${family} ${type}\n`
}

/** A small family as text. Label values are escaped; families without samples are left out. */
export function familyText(
  { name, help, type, samples }: Family,
  format: Format = 'text',
  common: CommonLabels = noLabels,
): string {
  if (samples.length === 0) return ''
  const lines = samples.map(({ suffix = '', labels, value }) => {
    const set = labelSet(Object.keys(labels), Object.values(labels))
    return `${name}${suffix}${common.addedTo(set)} ${valueText(value)}\n`
  })
  return header(name, help, type, format) + lines.join('')
}

/** The samples of a small family, one by one. */
export function* familySamples({ name, samples }: Family): Generator<LiveSample> {
  for (const { suffix = '', labels, value } of samples) {
    const set = labelSet(Object.keys(labels), Object.values(labels))
    yield { series: `${name}${suffix}${set}`, labels: { ...labels, __name__: `${name}${suffix}` }, value }
  }
}
