import { parse } from 'yaml'
import type { StackFiles } from './files.js'
import { metricsIn } from './promql.js'

/** An expression of PromQL, and where it stands. */
export interface Expression {
  readonly where: string
  readonly text: string
}

interface Rules {
  readonly groups: readonly { readonly rules: readonly { alert?: string; record?: string; expr: string }[] }[]
}

interface Panel {
  readonly title: string
  readonly type: string
  readonly datasource?: unknown
  readonly targets?: readonly { readonly expr: string; readonly datasource?: unknown }[]
}

export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly panels: readonly Panel[]
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr: string }[] }
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[]
  }
}

interface GrafanaRules {
  readonly groups: readonly {
    readonly rules: readonly { title: string; data: readonly { model: { expr?: string } }[] }[]
  }[]
}

const ruleFiles = ['prometheus/rules.yml', 'mixin/alerts.yaml', 'mixin/rules.yaml'] as const

export function dashboards(files: StackFiles): readonly (readonly [file: string, dashboard: Dashboard])[] {
  return files
    .below('mixin/dashboards')
    .filter(file => file.endsWith('.json'))
    .map(file => [file, JSON.parse(files.text(file)) as Dashboard])
}

/** Every expression in rules, dashboards and Grafana's own alerts; a variable of a dashboard stands for everything. */
export function expressions(files: StackFiles): readonly Expression[] {
  const rules = ruleFiles.flatMap(file =>
    (parse(files.text(file)) as Rules).groups.flatMap(group =>
      group.rules.map(({ alert, record, expr }) => ({ where: `${file} ${alert ?? record}`, text: expr })),
    ),
  )
  const panels = dashboards(files).flatMap(([file, { panels: all, annotations }]) => [
    ...all.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ where: `${file} ${title}`, text: expr })),
    ),
    ...annotations.list.map(({ name, expr }) => ({ where: `${file} ${name}`, text: expr })),
  ])
  const own = 'grafana/provisioning/alerting/rules.yaml'
  const grafana = (parse(files.text(own)) as GrafanaRules).groups.flatMap(group =>
    group.rules.flatMap(({ title, data }) =>
      data.flatMap(({ model }) => (model.expr ? [{ where: `${own} ${title}`, text: model.expr }] : [])),
    ),
  )
  return [...rules, ...panels, ...grafana].map(({ where, text }) => ({
    where,
    text: text.replaceAll(/\$(view|severity)\b/g, '.*'),
  }))
}

/** The names that recording rules make. */
export function recorded(files: StackFiles): readonly string[] {
  return ruleFiles.flatMap(file =>
    (parse(files.text(file)) as Rules).groups.flatMap(group =>
      group.rules.flatMap(({ record }) => record ?? []),
    ),
  )
}

/** Metrics that expressions name and nobody makes. */
export function unknownMetrics(all: readonly Expression[], known: ReadonlySet<string>): readonly string[] {
  return all.flatMap(({ where, text }) =>
    metricsIn(text)
      .filter(name => !known.has(name))
      .map(name => `${where}: nobody makes ${name}`),
  )
}

/** The names in an exposition; a histogram has its series. */
export function namesIn(exposition: string): ReadonlySet<string> {
  const types = [...exposition.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
  const samples = [...exposition.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{| )/gm)].map(([, name = '']) => name)
  const series = types.flatMap(([, name = '', type]) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map(suffix => name + suffix) : [name],
  )
  return new Set([...series, ...samples])
}

/** What Prometheus adds to every target and alert by itself. */
export const synthetic: readonly string[] = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'ALERTS',
  'ALERTS_FOR_STATE',
]

/** What the reference pages of Redpanda (public metrics) and Materialize (essential metrics) document; neither runs in our tests. */
export const documented: readonly string[] = [
  'redpanda_kafka_max_offset',
  'redpanda_kafka_request_latency_seconds_bucket',
  'redpanda_kafka_under_replicated_replicas',
  'redpanda_storage_disk_free_bytes',
  'mz_active_sessions',
  'mz_active_subscribes',
  'mz_dataflow_wallclock_lag_seconds',
  'mz_query_total',
]

/** What Prometheus and Alertmanager say of themselves: held to the real programs by the tests that run them. */
export const monitors: readonly string[] = [
  'prometheus_notifications_sent_total',
  'prometheus_notifications_errors_total',
  'prometheus_notifications_dropped_total',
  'alertmanager_notifications_total',
  'alertmanager_notifications_failed_total',
  'alertmanager_notification_latency_seconds_bucket',
]
