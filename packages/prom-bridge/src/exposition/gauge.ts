import type { Series } from '../series/series.js'
import type { Delta } from '../series/store.js'
import { header, valueText } from './format.js'

/** Series whose text is kept together: enough to make a scrape few writes, few enough to render one again in no time. */
const segmentSize = 1024

/**
 * The gauge of one view: its series in dense segments, whose text is kept.
 *
 * A batch only marks the segments it touches; a scrape renders those again and takes the others as they are. What a scrape has
 * taken never changes: new text replaces the old, so that a slow reader finishes with what it began with. A series that does not
 * change keeps its bytes, and its place until a removal needs the last one to fill a gap.
 */
export class Gauge {
  readonly name: string
  readonly help: string
  readonly #header: Buffer
  readonly #series: Series[] = []
  /** By segment; undefined where it must be rendered. */
  readonly #texts: (string | undefined)[] = []
  readonly #bytes: (Buffer | undefined)[] = []

  constructor(name: string, help: string) {
    this.name = name
    this.help = help
    this.#header = Buffer.from(header(name, help, 'gauge'))
  }

  /** In the order of the exposition; the newest tend to be last. */
  get series(): readonly Series[] {
    return this.#series
  }

  /** Takes over what a batch did. Work is in proportion to the batch. */
  apply({ added, removed, changed }: Delta): void {
    for (const { slot } of changed) this.#touch(slot)
    for (const series of removed) this.#remove(series)
    for (const series of added) {
      series.slot = this.#series.push(series) - 1
      this.#touch(series.slot)
    }
    const segments = Math.ceil(this.#series.length / segmentSize)
    this.#texts.length = segments
    this.#bytes.length = segments
  }

  /** The lines of the samples, a text for each segment. */
  texts(): readonly string[] {
    return Array.from(this.#texts, (kept, segment) => {
      const text = kept ?? this.#render(segment)
      this.#texts[segment] = text
      return text
    })
  }

  /** The whole family: its header, then the lines of the samples, a buffer for each segment. */
  bytes(): readonly Buffer[] {
    const segments = Array.from(this.#bytes, (kept, segment) => {
      const bytes = kept ?? Buffer.from(this.#texts[segment] ?? this.#render(segment))
      this.#bytes[segment] = bytes
      return bytes
    })
    return [this.#header, ...segments]
  }

  #render(segment: number): string {
    const first = segment * segmentSize
    const last = Math.min(first + segmentSize, this.#series.length)
    let text = ''
    for (const { labels, value } of this.#series.slice(first, last))
      text += `${this.name}${labels} ${valueText(value)}\n`
    return text
  }

  /** The last series takes the place of the one that goes, so that segments stay dense. */
  #remove(series: Series): void {
    const last = this.#series.pop()
    if (last === undefined) return
    this.#touch(this.#series.length)
    if (last !== series) {
      this.#series[series.slot] = last
      last.slot = series.slot
      this.#touch(last.slot)
    }
    series.slot = -1
  }

  #touch(slot: number): void {
    const segment = Math.floor(slot / segmentSize)
    this.#texts[segment] = undefined
    this.#bytes[segment] = undefined
  }
}
