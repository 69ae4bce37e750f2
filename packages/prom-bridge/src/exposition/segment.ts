import type { Series } from '../series/series.js'
import { valueText } from './format.js'

/** Series whose text is kept together: enough to make a scrape few writes, few enough to render one again in no time. */
export const segmentSize = 1024

/** Some series of a gauge with their values. While a generation is made it is filled; once that is published, it never changes. */
export class Segment {
  readonly series: Series[]
  readonly values: number[]
  /** The generation it was made for. */
  readonly generation: number
  #text: string | undefined
  #bytes: Buffer | undefined

  constructor(generation: number, from?: Segment) {
    this.generation = generation
    this.series = from ? from.series.slice() : []
    this.values = from ? from.values.slice() : []
  }

  /** Whether its bytes are there already. */
  get isRendered(): boolean {
    return this.#bytes !== undefined
  }

  /** A line for each series; kept, unless the values depend on the clock: `shown` makes of each what is exported. */
  text(name: string, shown?: (value: number) => number): string {
    if (shown) return this.#render(name, shown)
    this.#text ??= this.#render(name, value => value)
    return this.#text
  }

  /** The same as UTF-8; kept, and the text is not: who takes bytes is unlikely to take text. */
  bytes(name: string, shown?: (value: number) => number): Buffer {
    if (shown) return Buffer.from(this.#render(name, shown))
    this.#bytes ??= Buffer.from(this.#text ?? this.#render(name, value => value))
    return this.#bytes
  }

  #render(name: string, shown: (value: number) => number): string {
    const { series, values } = this
    let text = ''
    series.forEach(({ labels }, index) => {
      text += `${name}${labels} ${valueText(shown(values[index] ?? Number.NaN))}\n`
    })
    return text
  }
}
