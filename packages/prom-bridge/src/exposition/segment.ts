import type { Series } from '../series/series.js'
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
  #bytes: Buffer | undefined
  /** The common labels that are in its bytes. */
  #common = ''

  constructor(edition: number, from?: Segment) {
    this.edition = edition
    this.series = from ? from.series.slice() : []
    this.values = from ? from.values.slice() : []
  }

  /** Whether its bytes with these labels are there already. */
  isRendered(common: CommonLabels): boolean {
    return this.#bytes !== undefined && this.#common === common.text
  }

  /** A line for each series; kept, unless the values depend on the clock: `shown` makes of each what is exported. */
  text(name: string, shown?: (value: number) => number): string {
    if (shown) return this.#render(name, shown, noLabels)
    this.#text ??= this.#render(name, value => value, noLabels)
    return this.#text
  }

  /** The same as UTF-8; kept, and the text is not: who takes bytes is unlikely to take text. */
  bytes(name: string, common: CommonLabels, shown?: (value: number) => number): Buffer {
    if (shown) return Buffer.from(this.#render(name, shown, common))
    if (this.#bytes === undefined || this.#common !== common.text)
      this.#bytes = Buffer.from(
        common.text === '' && this.#text !== undefined
          ? this.#text
          : this.#render(name, value => value, common),
      )
    this.#common = common.text
    return this.#bytes
  }

  #render(name: string, shown: (value: number) => number, common: CommonLabels): string {
    const { series, values } = this
    let text = ''
    series.forEach(({ labels }, index) => {
      text += `${name}${common.addedTo(labels)} ${valueText(shown(values[index] ?? Number.NaN))}\n`
    })
    return text
  }
}
