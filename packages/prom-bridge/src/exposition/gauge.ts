import type { Delta } from '../series/delta.js'
import type { Series } from '../series/series.js'
import { Budget, type Steps } from '../series/slices.js'
import type { LiveSample } from '../types.js'
import { type CommonLabels, noLabels } from './common.js'
import { type Format, header } from './format.js'
import { Segment, segmentSize } from './segment.js'

/** All samples of a gauge at one moment: dense segments, the newest series tend to be last. Never changes. */
export interface Edition {
  readonly number: number
  readonly segments: readonly Segment[]
  readonly length: number
}

/**
 * The gauge of one view, edition by edition.
 *
 * A batch makes the next edition out of the current one: it copies the segments it touches and shares the others, with the text
 * that they have. Meanwhile, and as long as they like, scrapes read the edition they took; publishing the next one is one
 * assignment. A series that does not change keeps its bytes, and its place until a removal needs the last one to fill a gap.
 */
export class Gauge {
  readonly name: string
  readonly help: string
  readonly #headers: Readonly<Record<Format, Buffer>>
  readonly #isAge: boolean
  #current: Edition = { number: 0, segments: [], length: 0 }

  constructor(name: string, help: string, isAge = false) {
    this.name = name
    this.help = help
    this.#isAge = isAge
    this.#headers = {
      text: Buffer.from(header(name, help, 'gauge')),
      openmetrics: Buffer.from(header(name, help, 'gauge', 'openmetrics')),
    }
  }

  get current(): Edition {
    return this.#current
  }

  /** What a batch makes of the current edition. Work is in proportion to the batch, and the number of segments. */
  *next({ added, removed, changed }: Delta): Steps<Edition> {
    const draft = new Draft(this.#current)
    const budget = new Budget()
    for (const series of changed) if (budget.spend(draft.set(series.slot, series))) yield
    for (const series of removed) if (budget.spend(draft.remove(series))) yield
    for (const series of added) if (budget.spend(draft.add(series))) yield
    return draft.finished()
  }

  publish(edition: Edition): void {
    this.#current = edition
  }

  /** A value as it is at that time, in milliseconds since 1970; for ages to the millisecond, and never negative. */
  valueAt(value: number, nowMs: number): number {
    return this.#isAge ? Math.max(0, Math.round(value * 1000 + nowMs) / 1000) : value
  }

  /** The lines of the samples of the current edition, a text for each segment. */
  texts(nowMs: number): readonly string[] {
    return this.#current.segments.map(segment => segment.text(this.name, this.#shown(nowMs)))
  }

  /** The samples of the current edition, one by one. */
  samples(nowMs: number): Iterable<LiveSample> {
    const { name } = this
    const { segments } = this.#current
    const shown = (value: number): number => this.valueAt(value, nowMs)
    return (function* () {
      for (const { series, values } of segments)
        for (const [index, one] of series.entries())
          yield {
            series: `${name}${one.labels}`,
            // Few ask for the labels: what was sent once is kept.
            get labels() {
              return { ...one.labelRecord, __name__: name }
            },
            value: shown(values[index] ?? Number.NaN),
          }
    })()
  }

  /** The whole family of an edition: its header, then the lines of the samples, a buffer or more for each segment. */
  *bytes(
    nowMs: number,
    { segments }: Edition = this.#current,
    format: Format = 'text',
    common: CommonLabels = noLabels,
  ): Steps<readonly Buffer[]> {
    const chunks = [this.#headers[format]]
    for (const segment of segments)
      for (const chunk of yield* segment.chunks(this.name, common, this.#shown(nowMs))) chunks.push(chunk)
    return chunks
  }

  #shown(nowMs: number): ((value: number) => number) | undefined {
    return this.#isAge ? value => this.valueAt(value, nowMs) : undefined
  }
}

/** What to copy a segment costs, in units of work. */
const copyUnits = 8

/** An edition that is being made. Its methods give the units of work they took. */
class Draft {
  readonly #number: number
  readonly #segments: Segment[]
  #length: number

  constructor({ number, segments, length }: Edition) {
    this.#number = number + 1
    this.#segments = segments.slice()
    this.#length = length
  }

  finished(): Edition {
    return { number: this.#number, segments: this.#segments, length: this.#length }
  }

  set(slot: number, series: Series): number {
    const index = Math.floor(slot / segmentSize)
    const units = this.#own(index)
    const segment = this.#segments[index]
    if (!segment) return units
    segment.series[slot % segmentSize] = series
    segment.values[slot % segmentSize] = series.value
    return units
  }

  add(series: Series): number {
    series.slot = this.#length++
    return this.set(series.slot, series)
  }

  /** The last series takes the place of the one that goes, so that segments stay dense. */
  remove(series: Series): number {
    const index = this.#segments.length - 1
    const units = this.#own(index)
    const segment = this.#segments[index]
    const last = segment?.series.pop()
    segment?.values.pop()
    this.#length--
    if (segment?.series.length === 0) this.#segments.pop()
    const { slot } = series
    series.slot = -1
    if (last === undefined || last === series) return units
    last.slot = slot
    return units + this.set(slot, last)
  }

  /** Makes a segment ours to change: what is published is copied. */
  #own(index: number): number {
    const segment = this.#segments[index]
    if (segment?.edition === this.#number) return 1
    this.#segments[index] = new Segment(this.#number, segment)
    return copyUnits
  }
}
