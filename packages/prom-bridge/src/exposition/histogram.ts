import type { Sample } from './format.js'

/** Upper bounds in seconds, as the label `le` has them: OpenMetrics wants a decimal point. */
const bounds = ['0.001', '0.01', '0.1', '1.0', '10.0', '+Inf'] as const

/** How often something took how long. */
export class Histogram {
  readonly #counts: number[] = bounds.map(() => 0)
  #sum = 0

  observe(seconds: number): void {
    this.#sum += seconds
    const index = bounds.findIndex(bound => bound === '+Inf' || seconds <= Number(bound))
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
  }

  /** Its samples with these labels: the buckets, each of which counts those below it, too, then sum and count. */
  samples(labels: Readonly<Record<string, string>>): readonly Sample[] {
    let count = 0
    const buckets = bounds.map((le, index): Sample => {
      count += this.#counts[index] ?? 0
      return { suffix: '_bucket', labels: { ...labels, le }, value: count }
    })
    return [
      ...buckets,
      { suffix: '_sum', labels, value: this.#sum },
      { suffix: '_count', labels, value: count },
    ]
  }
}
