import { nameTaken } from '../errors.js'
import { CommonLabels } from '../exposition/common.js'
import type { Registry } from '../types.js'
import type { RegisteredMetric } from './metric.js'

/**
 * Our metrics in somebody's registry, from the first moment on: the names are theirs or ours, never both.
 * Everything about the registry is by structure: no class of a client is made or asked for.
 */
export class Registration {
  readonly #registry: Registry
  readonly #metrics: ReadonlyMap<string, RegisteredMetric>

  /** Registers all of the metrics or none: throws `NAME_TAKEN` if the registry has a metric of one of the names. */
  constructor(registry: Registry, metrics: readonly RegisteredMetric[]) {
    for (const { name } of metrics)
      if (registry.getSingleMetric(name) !== undefined)
        throw nameTaken(name, 'another metric of the registry', advice(name))
    this.#registry = registry
    this.#metrics = new Map(metrics.map(metric => [metric.name, metric]))
    try {
      for (const metric of metrics) registry.registerMetric(metric as never)
    } catch (error) {
      this.remove()
      throw error
    }
  }

  /** Whether the registry speaks OpenMetrics, in which our text cannot stand. */
  get isOpenMetrics(): boolean {
    return this.#registry.contentType.startsWith('application/openmetrics-text')
  }

  /** What the registry adds to everything that it prints, ours included. */
  get commonLabels(): CommonLabels {
    return new CommonLabels(defaultLabelsOf(this.#registry))
  }

  /** The registry as it prints itself, ours included, or those of its families that are wanted, and what that is called. */
  async whole(
    wanted: ReadonlySet<string> | undefined,
    deadline: Promise<never>,
  ): Promise<{ readonly text: string; readonly contentType: string }> {
    const text = await Promise.race([this.#registry.metrics(), deadline])
    return {
      text: wanted === undefined ? text : familiesOf(text, wanted),
      contentType: this.#registry.contentType,
    }
  }

  /**
   * The text of every metric that is not ours, or of those of them that are wanted. One that throws, or has not answered by the deadline,
   * is reported and left out; the others are served.
   */
  async others(
    wanted: ReadonlySet<string> | undefined,
    deadline: Promise<never>,
    report: (metric: string, error: unknown) => void,
  ): Promise<readonly string[]> {
    const names = this.#registry.getMetricsAsArray().map(({ name }) => name)
    const texts = await Promise.all(
      names
        .filter(name => !this.#metrics.has(name) && (wanted?.has(name) ?? true))
        .map(async name => {
          try {
            return `${await Promise.race([this.#registry.getSingleMetricAsString(name), deadline])}\n`
          } catch (error) {
            report(name, error)
            return ''
          }
        }),
    )
    return texts.filter(text => text !== '')
  }

  /** Takes ours out again; what somebody else has registered since under one of the names stays. */
  remove(): void {
    for (const [name, metric] of this.#metrics)
      if (this.#registry.getSingleMetric(name) === metric) this.#registry.removeSingleMetric(name)
  }
}

/** Of an OpenMetrics text the families that are wanted. Line feeds in values are escaped: only a family begins like one. */
function familiesOf(text: string, wanted: ReadonlySet<string>): string {
  const kept = text
    .replace(/# EOF\n$/, '')
    .split(/^(?=# HELP )/m)
    .filter(family => {
      const name = /^# HELP (\S+)/.exec(family)?.[1] ?? ''
      return wanted.has(name) || wanted.has(`${name}_total`)
    })
  return `${kept.join('')}# EOF\n`
}

/** The labels that the registry adds to everything; undefined of a client that does not show them. */
function defaultLabelsOf(registry: Registry): Readonly<Record<string, unknown>> | undefined {
  const labels = (registry as { readonly _defaultLabels?: unknown })._defaultLabels
  return typeof labels === 'object' && labels !== null ? (labels as Record<string, unknown>) : undefined
}

/** Whether the registry is known to add no labels; clients that do not show theirs get one value for each sample. */
export function hasNoDefaultLabels(registry: Registry): boolean {
  const labels = defaultLabelsOf(registry)
  return labels !== undefined && Object.keys(labels).length === 0
}

function advice(name: string): string {
  return name.startsWith('mzalert_')
    ? 'One bridge can serve many views: list them all in one, or give each bridge a registry.'
    : 'Set the option name of the view, or give the bridge a registry of its own.'
}
