import type { Edition } from '../exposition/gauge.js'
import { type Segment, segmentSize } from '../exposition/segment.js'
import type { Series } from '../series/series.js'
import { inSlices, type Steps, type Turn } from '../series/slices.js'
import type { Transition } from '../series/transitions.js'
import { event, type Subscriber } from './events.js'
import type { ViewModel } from './model.js'

/** A view of alerts as programs get it. */
export interface AlertView {
  readonly model: ViewModel
  readonly edition: Edition
  /** Whether its first snapshot is in. */
  readonly isComplete: boolean
}

/** Alerts that one event has at most: who follows a view with more of them asks for the whole. */
const alertsInEvent = 10_000
/** The state of a view is sent this often at least: it shows that the connection lives. */
const beatEveryMs = 10_000

/** The alerts of a segment as JSON, by commas; a segment that is published never changes. */
const texts = new WeakMap<Segment, { readonly text: string; readonly count: number }>()

/**
 * All alerts as JSON: `{"views":[{"view","state","problem"?,"frontierMs"?,"total","alerts":[{"labels","sinceMs","isSinceExact"}]}]}`.
 * One state of each view, a chunk for each segment of it.
 */
export function* alertsJson(views: readonly AlertView[]): Steps<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = []
  let text = '{"views":['
  for (const [index, { model, edition }] of views.entries()) {
    text += `${index > 0 ? ',' : ''}${opened(model)}`
    let isFirst = true
    for (const segment of edition.segments) {
      const alerts = textOf(segment)
      if (alerts.count > 0) text += `${isFirst ? '' : ','}${alerts.text}`
      isFirst &&= alerts.count === 0
      chunks.push(Buffer.from(text))
      text = ''
      yield
    }
    text += ']}'
  }
  chunks.push(Buffer.from(`${text}]}\n`))
  return chunks
}

/** What of a view was sent last to somebody. */
interface Seat {
  readonly state: string
  /** Before its first snapshot a view has alerts that nobody is told of one by one. */
  readonly isComplete: boolean
  readonly transitionsTotal: number
  readonly beatMs: number
  /** Whether a snapshot is being made: what comes meanwhile is sent after it. */
  readonly isPending: boolean
}

/**
 * Alerts as server-sent events. `snapshot` states all alerts of a view, and voids what was said of it before; `firing` and `resolved`
 * are one alert each; `state` says how the view is, at least every ten seconds. Who is too slow for every transition gets a snapshot.
 * A snapshot is made in slices, and what it is made of is kept for the next who needs one.
 */
export class AlertEvents {
  readonly #views: () => readonly AlertView[]
  readonly #now: () => number
  readonly #turn: Turn
  readonly #seats = new Map<Subscriber, Map<string, Seat>>()

  constructor(views: () => readonly AlertView[], now: () => number, turn: Turn) {
    this.#views = views
    this.#now = now
    this.#turn = turn
  }

  get size(): number {
    return this.#seats.size
  }

  /** Sends everything; afterwards `tick` sends what is new. Returns how to leave. */
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
    const seats = this.#seats.get(subscriber)
    const nowMs = this.#now()
    let text = ''
    for (const view of views) {
      const { model, isComplete } = view
      const { state, transitions, transitionsTotal } = model
      const last = seats?.get(model.view)
      if (last?.isPending) continue
      const fresh = transitionsTotal - (last?.transitionsTotal ?? 0)
      const seat = { state, isComplete, transitionsTotal, beatMs: nowMs, isPending: false }
      if (last === undefined || last.isComplete !== isComplete || fresh > transitions.length) {
        const steps = snapshotText(view)
        const step = steps.next()
        if (step.done) text += step.value
        else {
          seats?.set(model.view, { ...seat, isPending: true })
          void this.#finish(steps, subscriber, model.view, seat)
          continue
        }
      } else {
        for (const transition of transitions.slice(0, fresh).reverse())
          text += event(transition.to, transitionOf(model, transition))
        const isDue = nowMs - last.beatMs >= beatEveryMs || nowMs < last.beatMs
        if (last.state === state && !isDue) {
          seats?.set(model.view, { ...seat, beatMs: last.beatMs })
          continue
        }
        text += event('state', stateOf(model))
      }
      seats?.set(model.view, seat)
    }
    if (text !== '') subscriber.send(text)
  }

  /** The snapshot is of when it was begun: what it says of the view is what is sent next compared with. */
  async #finish(steps: Steps<string>, subscriber: Subscriber, view: string, seat: Seat): Promise<void> {
    await this.#turn()
    const text = await inSlices(steps, this.#turn)
    const seats = this.#seats.get(subscriber)
    if (!seats) return
    subscriber.send(text)
    seats.set(view, seat)
  }
}

function stateOf({ view, state, problem, frontierMs, total }: ViewModel): object {
  // What never changes again has no frontier that a program could read.
  const at = frontierMs !== undefined && Number.isSafeInteger(frontierMs) ? frontierMs : undefined
  return { view, state, problem, frontierMs: at, total }
}

/** A view as JSON, up to and into its list of alerts. */
function opened(model: ViewModel): string {
  return `${JSON.stringify(stateOf(model)).slice(0, -1)},"alerts":[`
}

/** The event that states all alerts of a view, or as many as one event has. */
function* snapshotText({ model, edition }: AlertView): Steps<string> {
  let [text, left] = ['', alertsInEvent]
  for (const segment of edition.segments) {
    const wasMade = texts.has(segment)
    const alerts = left >= segment.series.length ? textOf(segment) : alertsIn(segment, left)
    if (alerts.count > 0) text += `${text === '' ? '' : ','}${alerts.text}`
    left -= alerts.count
    if (left <= 0) break
    // A segment is a slice's work; of a last one, all there is to do is done.
    if (!wasMade && segment !== edition.segments.at(-1)) yield
  }
  return `event: snapshot\ndata: ${opened(model)}${text}]}\n\n`
}

function textOf(segment: Segment): { readonly text: string; readonly count: number } {
  const kept = texts.get(segment)
  if (kept) return kept
  const made = alertsIn(segment, segmentSize)
  texts.set(segment, made)
  return made
}

/** A series that is kept at 0 is no alert. */
function alertsIn({ series, values }: Segment, limit: number): { text: string; count: number } {
  const alerts = series.filter((_, index) => values[index] !== 0).slice(0, limit)
  return { text: alerts.map(one => JSON.stringify(alertOf(one))).join(','), count: alerts.length }
}

function alertOf({ labelRecord: labels, sinceMs, isSinceExact }: Series): object {
  return { labels, sinceMs, isSinceExact }
}

function transitionOf({ view, labelNames }: ViewModel, { values, atMs }: Transition): object {
  return { view, labels: labelsOf(labelNames, values), atMs }
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
