import type { Edition } from '../exposition/gauge.js'
import type { Series } from '../series/series.js'
import type { Steps } from '../series/slices.js'
import type { Transition } from '../series/transitions.js'
import { event, type Subscriber } from './events.js'
import type { ViewModel } from './model.js'

/** A view of alerts as programs get it. */
export interface AlertView {
  readonly model: ViewModel
  readonly edition: Edition
}

/** Alerts that one event has at most: who follows a view with more of them asks for the whole. */
const alertsInEvent = 10_000
/** The state of a view is sent this often at least: it shows that the connection lives. */
const beatEveryMs = 10_000

/**
 * All alerts as JSON: `{"views":[{"view","state","problem"?,"frontierMs"?,"total","alerts":[{"labels","sinceMs","isSinceExact"}]}]}`.
 * One state of each view, a chunk for each segment of it.
 */
export function* alertsJson(views: readonly AlertView[]): Steps<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = []
  let text = '{"views":['
  for (const [index, { model, edition }] of views.entries()) {
    text += `${index > 0 ? ',' : ''}${JSON.stringify(stateOf(model)).slice(0, -1)},"alerts":[`
    let isFirst = true
    for (const { series, values } of edition.segments) {
      const alerts = firingOf(series, values).map(one => JSON.stringify(alertOf(model, one)))
      if (alerts.length > 0) text += `${isFirst ? '' : ','}${alerts.join(',')}`
      isFirst &&= alerts.length === 0
      chunks.push(Buffer.from(text))
      text = ''
      yield
    }
    text += ']}'
  }
  chunks.push(Buffer.from(`${text}]}\n`))
  return chunks
}

/**
 * Alerts as server-sent events. `snapshot` states all alerts of a view, and voids what was said of it before; `firing` and `resolved`
 * are one alert each; `state` says how the view is, at least every ten seconds. Who is too slow for every transition gets a snapshot.
 */
export class AlertEvents {
  readonly #views: () => readonly AlertView[]
  readonly #now: () => number
  readonly #seats = new Map<
    Subscriber,
    Map<string, { state: string; transitionsTotal: number; beatMs: number }>
  >()

  constructor(views: () => readonly AlertView[], now: () => number) {
    this.#views = views
    this.#now = now
  }

  get size(): number {
    return this.#seats.size
  }

  /** Sends everything at once; afterwards `tick` sends what is new. Returns how to leave. */
  add(subscriber: Subscriber): () => void {
    subscriber.send('retry: 2000\n\n')
    this.#seats.set(subscriber, new Map())
    this.#serve(subscriber, this.#views())
    return () => this.#seats.delete(subscriber)
  }

  /** Sends each subscriber what is new for it. To be called a few times a second while there are any. */
  tick(): void {
    if (this.#seats.size === 0) return
    const views = this.#views()
    for (const subscriber of this.#seats.keys()) if (!subscriber.isBusy()) this.#serve(subscriber, views)
  }

  #serve(subscriber: Subscriber, views: readonly AlertView[]): void {
    const seat = this.#seats.get(subscriber)
    const nowMs = this.#now()
    let text = ''
    for (const { model, edition } of views) {
      const { view, state, transitions, transitionsTotal } = model
      const last = seat?.get(view)
      const fresh = transitionsTotal - (last?.transitionsTotal ?? 0)
      if (last === undefined || last.state === 'starting' || fresh > transitions.length)
        text += event('snapshot', snapshotOf(model, edition))
      else {
        for (const transition of transitions.slice(0, fresh).reverse())
          text += event(transition.to, transitionOf(model, transition))
        const isDue = nowMs - last.beatMs >= beatEveryMs || nowMs < last.beatMs
        if (last.state === state && !isDue) {
          last.transitionsTotal = transitionsTotal
          continue
        }
        text += event('state', stateOf(model))
      }
      seat?.set(view, { state, transitionsTotal, beatMs: nowMs })
    }
    if (text !== '') subscriber.send(text)
  }
}

function stateOf({ view, state, problem, frontierMs, total }: ViewModel): object {
  // What never changes again has no frontier that a program could read.
  const at = frontierMs !== undefined && Number.isSafeInteger(frontierMs) ? frontierMs : undefined
  return { view, state, problem, frontierMs: at, total }
}

function snapshotOf(model: ViewModel, { segments }: Edition): object {
  const alerts: object[] = []
  for (const { series, values } of segments.toReversed()) {
    if (alerts.length >= alertsInEvent) break
    for (const one of firingOf(series, values).slice(alerts.length - alertsInEvent))
      alerts.push(alertOf(model, one))
  }
  return { ...stateOf(model), alerts }
}

function transitionOf({ view, labelNames }: ViewModel, { values, atMs }: Transition): object {
  return { view, labels: labelsOf(labelNames, values), atMs }
}

function alertOf({ labelNames }: ViewModel, { values, sinceMs, isSinceExact }: Series): object {
  return { labels: labelsOf(labelNames, values), sinceMs, isSinceExact }
}

/** A series that is kept at 0 is no alert. */
function firingOf(series: readonly Series[], values: readonly number[]): readonly Series[] {
  return series.filter((_, index) => values[index] !== 0)
}

function labelsOf(
  names: readonly string[],
  values: readonly (string | null)[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.flatMap((name, index) => {
      const value = values[index] ?? null
      return value === null ? [] : [[name, value]]
    }),
  )
}
