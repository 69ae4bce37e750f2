import type { Series } from '../series/series.js'
import { Budget, type Steps, unitsOf } from '../series/slices.js'
import { type CommonLabels, noLabels } from './common.js'
import { valueText } from './format.js'

/** Series whose text is kept together: enough to make a scrape few writes, few enough to render one again in no time. */
export const segmentSize = 1024

/** Some series of a gauge with their values. While an edition is made it is filled; once that is published, it never changes. */
export class Segment {
  readonly series: Series[]
  readonly values: number[]
  /** The edition it was made for. */
  readonly edition: number
  #text: string | undefined
  #chunks: readonly Buffer[] | undefined
  /** The common labels that are in its chunks. */
  #common = ''

  constructor(edition: number, from?: Segment) {
    this.edition = edition
    this.series = from ? from.series.slice() : []
    this.values = from ? from.values.slice() : []
  }

  /** A line for each series; kept, unless the values depend on the clock: `shown` makes of each what is exported. */
  text(name: string, shown?: (value: number) => number): string {
    if (shown) return this.#render(name, shown)
    this.#text ??= this.#render(name)
    return this.#text
  }

  /**
   * The same as UTF-8, in one piece unless lines are long; kept, and the text is not: who takes bytes is unlikely to take text.
   * Yields after every piece that had to be made.
   */
  *chunks(name: string, common: CommonLabels, shown?: (value: number) => number): Steps<readonly Buffer[]> {
    if (!shown && this.#chunks && this.#common === common.text) return this.#chunks
    const chunks: Buffer[] = []
    const budget = new Budget()
    let text = ''
    for (const index of this.series.keys()) {
      const line = this.#line(index, name, common, shown)
      text += line
      if (!budget.spend(unitsOf(line.length))) continue
      chunks.push(Buffer.from(text))
      text = ''
      yield
    }
    if (text !== '') {
      chunks.push(Buffer.from(text))
      yield
    }
    if (shown) return chunks
    this.#chunks = chunks
    this.#common = common.text
    return chunks
  }

  #render(name: string, shown?: (value: number) => number): string {
    let text = ''
    for (const index of this.series.keys()) text += this.#line(index, name, noLabels, shown)
    return text
  }

  #line(index: number, name: string, common: CommonLabels, shown?: (value: number) => number): string {
    const value = this.values[index] ?? Number.NaN
    const labels = common.addedTo(this.series[index]?.labels ?? '')
    return `${name}${labels} ${valueText(shown ? shown(value) : value)}\n`
  }
}
