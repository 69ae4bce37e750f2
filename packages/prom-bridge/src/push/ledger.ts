import { Budget } from '../series/slices.js'
import { labelsMessage, timeSeriesField } from './write-request.js'

/** A series as it is now. */
export interface PushedSample {
  /** Its name and labels, as the exposition has them: its identity. */
  readonly series: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Some series in one request, and which of them live and have ended. */
export interface Push {
  readonly fields: readonly Uint8Array[]
  readonly live: readonly string[]
  readonly ended: readonly string[]
}

/** Series in a request: what Prometheus itself sends at most. */
const seriesPerPush = 2000

/**
 * What a receiver has been told. It has to hear of every live series in every interval, and once of each that ended: whatever has not
 * been taken is owed until it is.
 */
export class Ledger {
  readonly #externalLabels: Readonly<Record<string, string>>
  /** Live or owed: their labels, encoded once. */
  readonly #known = new Map<string, Uint8Array>()
  /** Series that the receiver may have, and that must be ended there. */
  readonly #told = new Set<string>()
  #lastMs = 0

  constructor(externalLabels: Readonly<Record<string, string>>) {
    this.#externalLabels = externalLabels
  }

  /** Series that the receiver may have. */
  get told(): number {
    return this.#told.size
  }

  /**
   * What is to be sent for this state, a push at a time, and nothing where others may have their turn first; timestamps only grow,
   * whatever the clock does.
   */
  *pushes(samples: Iterable<PushedSample>, nowMs: number): Generator<Push | undefined> {
    const timestampMs = Math.max(nowMs, this.#lastMs + 1)
    this.#lastMs = timestampMs
    const live = new Set<string>()
    let fields: Uint8Array[] = []
    let names: string[] = []
    for (const { series, labels, value } of samples) {
      live.add(series)
      let encoded = this.#known.get(series)
      if (!encoded) {
        encoded = labelsMessage({ ...this.#externalLabels, ...labels })
        this.#known.set(series, encoded)
      }
      fields.push(timeSeriesField(encoded, value, timestampMs))
      names.push(series)
      if (fields.length < seriesPerPush) continue
      yield { fields, live: names, ended: [] }
      fields = []
      names = []
    }
    if (fields.length > 0) yield { fields, live: names, ended: [] }
    yield* this.#ended(live, timestampMs)
  }

  /** A push is under way: should its answer be lost, its series may be there all the same. */
  sending({ live }: Push): void {
    for (const series of live) this.#told.add(series)
  }

  /** A push has been taken, or was refused and never will be: what it ended is not owed any more. */
  settled({ ended }: Push): void {
    for (const series of ended) {
      this.#told.delete(series)
      this.#known.delete(series)
    }
  }

  *#ended(live: ReadonlySet<string>, timestampMs: number): Generator<Push | undefined> {
    const budget = new Budget()
    let fields: Uint8Array[] = []
    let names: string[] = []
    for (const [series, encoded] of this.#known) {
      if (budget.spend()) yield
      if (live.has(series)) continue
      if (!this.#told.has(series)) {
        this.#known.delete(series)
        continue
      }
      fields.push(timeSeriesField(encoded, 'stale', timestampMs))
      names.push(series)
      if (fields.length < seriesPerPush) continue
      yield { fields, live: [], ended: names }
      fields = []
      names = []
    }
    if (fields.length > 0) yield { fields, live: [], ended: names }
  }
}
