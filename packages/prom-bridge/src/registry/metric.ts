import type { Family, Sample } from '../exposition/format.js'
import type { Gauge } from '../exposition/gauge.js'

/** One entry of what a registry prints: `metricName`, which it takes as it is, then the labels, which it escapes, then the value. */
interface RegistryValue {
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface RegistryAnswer {
  readonly name: string
  readonly help: string
  readonly type: Family['type']
  readonly aggregator: 'max'
  readonly values: readonly RegistryValue[]
}

/** What a metric of ours answers when a registry asks. */
export interface Answer {
  readonly samples: () => readonly Sample[]
  /** The samples as few, large values; only where the registry adds no labels of its own. */
  readonly block?: () => readonly RegistryValue[]
}

/**
 * A metric of ours in a registry of prom-client or its kin, which call `getForPromString` for text and `get` for JSON.
 * Both answer with what is there at the call, so that no answer is torn by a batch. Neither throws.
 */
export class RegisteredMetric {
  readonly name: string
  readonly help: string
  readonly type: Family['type']
  /** In a cluster every worker has the same rows: adding them up would multiply them. */
  readonly aggregator = 'max'
  readonly #answer: Answer

  constructor({ name, help, type }: Omit<Family, 'samples'>, answer: Answer) {
    this.name = name
    this.help = help
    this.type = type
    this.#answer = answer
  }

  async get(): Promise<RegistryAnswer> {
    return this.#with(this.#named(this.#answer.samples()))
  }

  async getForPromString(): Promise<RegistryAnswer> {
    return this.#with(this.#answer.block?.() ?? this.#named(this.#answer.samples()))
  }

  /** A host that resets its own metrics has no say about the rows of a view. */
  reset(): void {}

  /** A sample whose name is not the family's has it with it. */
  #named(samples: readonly Sample[]): readonly RegistryValue[] {
    return samples.map(({ suffix, labels, value }) =>
      suffix === undefined ? { labels, value } : { metricName: this.name + suffix, labels, value },
    )
  }

  #with(values: readonly RegistryValue[]): RegistryAnswer {
    const { name, help, type, aggregator } = this
    return { name, help, type, aggregator, values }
  }
}

/** The samples of a gauge, one object each. */
export function gaugeSamples(gauge: Gauge, nowMs: number): readonly Sample[] {
  return gauge.current.segments.flatMap(({ series, values }) =>
    series.map((one, index) => ({
      labels: one.labelRecord,
      value: gauge.valueAt(values[index] ?? Number.NaN, nowMs),
    })),
  )
}

/**
 * The samples of a gauge as one value: all lines but the last as its name, and the last as registries expect them.
 * Should a registry add labels after all, only the last line has them, and every line is still valid.
 */
export function gaugeBlock(gauge: Gauge, nowMs: number): readonly RegistryValue[] {
  const segment = gauge.current.segments.at(-1)
  const last = segment?.series.at(-1)
  if (segment === undefined || last === undefined) return []
  const text = gauge.texts(nowMs).join('')
  const lines = text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1)
  const labels = last.labelRecord
  const value = gauge.valueAt(segment.values.at(-1) ?? Number.NaN, nowMs)
  return [{ metricName: lines + gauge.name, labels, value }]
}
