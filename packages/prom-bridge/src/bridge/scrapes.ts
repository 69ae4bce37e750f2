import type { CommonLabels } from '../exposition/common.js'
import { type Family, type Format, familySamples, familyText, footer } from '../exposition/format.js'
import type { Gauge } from '../exposition/gauge.js'
import { healthFamilies, healthHeaders } from '../exposition/health.js'
import { Histogram } from '../exposition/histogram.js'
import type { Selection } from '../exposition/selection.js'
import { gaugeBlock, gaugeSamples, RegisteredMetric } from '../registry/metric.js'
import { hasNoDefaultLabels } from '../registry/registry.js'
import type { Plan } from '../series/plan.js'
import type { Steps } from '../series/slices.js'
import type { LiveSample, Registry } from '../types.js'
import type { View } from './view.js'

/** What a scrape asks for, and what it looks like. */
export interface Wish {
  readonly selection: Selection
  readonly format: Format
  readonly common: CommonLabels
}

/** The clocks of a bridge. */
interface Clocks {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds of a clock that is never set. */
  readonly elapsed: () => number
}

/** The samples of all views and what is said about them, for whoever asks, and how long that took. */
export class Scrapes {
  readonly #views: readonly View[]
  readonly #clocks: Clocks
  readonly #renderSeconds = new Histogram()
  #lastBytes: number | undefined

  constructor(views: readonly View[], clocks: Clocks) {
    // Views that are one metric stand together, where the first of them stands.
    this.#views = families(views).flat()
    this.#clocks = clocks
  }

  /** Every series, one after the other, as they are at the call. */
  samples(): Iterable<LiveSample> {
    const nowMs = this.#clocks.now()
    const gauges = this.#views.filter(({ isExported }) => isExported).map(({ gauge }) => gauge.samples(nowMs))
    const health = this.#health(this.#views)
    return (function* () {
      for (const samples of gauges) yield* samples
      for (const family of health) yield* familySamples(family)
    })()
  }

  /**
   * Views without their first snapshot, or not held any more, are not there at all. What is exported is what is so now, however long it
   * takes.
   */
  exposition({ selection: { views: chosen, names }, format, common }: Wish): Steps<readonly Uint8Array[]> {
    const nowMs = this.#clocks.now()
    const views = this.#views.filter(({ plan }) => chosen?.has(plan.view) ?? true)
    const gauges = views
      .filter(({ isExported, plan }) => isExported && (names?.has(plan.name) ?? true))
      .map(({ gauge, plan }) => ({
        name: plan.name,
        bytes: gauge.bytes(nowMs, gauge.current, format, common),
      }))
    const families = this.#health(views).filter(({ name }) => names?.has(name) ?? true)
    const texts = families.map(family => familyText(family, format, common))
    return this.#rendered(gauges, Buffer.from(texts.join('') + footer(format)))
  }

  /** A metric for each view and for each family about the bridge itself. */
  metricsFor(registry: Registry): readonly RegisteredMetric[] {
    const { now } = this.#clocks
    const gauges = families(this.#views).map(members => {
      const exported = (): readonly Gauge[] =>
        members.filter(({ isExported }) => isExported).map(({ gauge }) => gauge)
      const [{ name, help }] = members.map(({ plan }) => plan) as [Plan, ...Plan[]]
      return new RegisteredMetric(
        { name, help, type: 'gauge' },
        {
          samples: () => exported().flatMap(gauge => gaugeSamples(gauge, now())),
          block: () => {
            const made = hasNoDefaultLabels(registry) ? gaugeBlock : gaugeSamples
            return exported().flatMap(gauge => made(gauge, now()))
          },
        },
      )
    })
    const health = healthHeaders.map(
      (header, index) =>
        new RegisteredMetric(header, { samples: () => this.#health(this.#views)[index]?.samples ?? [] }),
    )
    return [...gauges, ...health]
  }

  #health(views: readonly View[]): readonly Family[] {
    const measured = { renderSeconds: this.#renderSeconds, lastBytes: this.#lastBytes }
    return healthFamilies(
      views.map(view => view.health()),
      measured,
      this.#clocks.now(),
    )
  }

  *#rendered(
    gauges: readonly { readonly name: string; readonly bytes: Steps<readonly Uint8Array[]> }[],
    about: Uint8Array,
  ): Steps<readonly Uint8Array[]> {
    const startMs = this.#clocks.elapsed()
    const chunks: Uint8Array[] = []
    for (const [index, { name, bytes }] of gauges.entries()) {
      const [header, ...lines] = yield* bytes
      if (header && gauges[index - 1]?.name !== name) chunks.push(header)
      for (const chunk of lines) chunks.push(chunk)
    }
    chunks.push(about)
    this.#renderSeconds.observe((this.#clocks.elapsed() - startMs) / 1000)
    this.#lastBytes = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)
    return chunks
  }
}

/** The views of each metric, in the order in which the first of them was given. */
function families(views: readonly View[]): readonly (readonly View[])[] {
  const found = new Map<string, View[]>()
  for (const view of views) {
    const known = found.get(view.plan.name)
    if (known) known.push(view)
    else found.set(view.plan.name, [view])
  }
  return [...found.values()]
}
