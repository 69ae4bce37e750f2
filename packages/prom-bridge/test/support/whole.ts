import type { Batch, UnknownRow, Update } from '@mzalert/tail-client'
import { type Edition, Gauge } from '../../src/exposition/gauge.js'
import type { Delta, StoreCounts } from '../../src/series/delta.js'
import { plans } from '../../src/series/plan.js'
import { finish } from '../../src/series/slices.js'
import { SeriesStore } from '../../src/series/store.js'
import type { ViewOptions } from '../../src/types.js'
import { samplesOf } from './parse.js'
import { batch } from './source.js'

/** A view whose batches are applied at once: its store and its gauge. Begins with a snapshot of nothing. */
export class WholeView {
  readonly #store: SeriesStore
  readonly #gauge: Gauge

  constructor(options: Partial<ViewOptions>) {
    const [plan] = plans([{ view: 'v', labels: { a: 'a' }, ...options }])
    if (!plan) throw new Error('no plan')
    this.#store = new SeriesStore(plan)
    this.#gauge = new Gauge(plan.name, plan.help, plan.isAge)
    this.apply(batch('snapshot'))
  }

  get counts(): StoreCounts {
    return this.#store.counts
  }

  /** Rows and series in memory. */
  get held(): number {
    return this.#store.held
  }

  get edition(): Edition {
    return this.#gauge.current
  }

  apply(given: Batch<UnknownRow>): Delta {
    const delta = finish(this.#store.apply(given))
    this.#gauge.publish(finish(this.#gauge.next(delta)))
    return delta
  }

  changes(...updates: readonly Update<UnknownRow>[]): Delta {
    return this.apply(batch('changes', updates))
  }

  /** Samples by the value of label `a`. */
  samples(nowMs = 0): Readonly<Record<string, number>> {
    const samples = samplesOf(Buffer.concat(finish(this.#gauge.bytes(nowMs))).toString(), 'v') ?? {}
    return Object.fromEntries(
      Object.entries(samples).map(([labels, value]) => {
        const { a = '' } = JSON.parse(labels) as { readonly a?: string }
        return [a, value]
      }),
    )
  }
}
