import { announcement, behindText, pageKey, summaryClass, summaryText, titleText, viewHtml } from './html.js'
import type { ViewModel } from './model.js'

/** Somebody who has the page open. */
export interface Subscriber {
  readonly send: (text: string) => void
  /** Whether what was sent last has not left yet: such a subscriber is left alone, and given the newest state later. */
  readonly isBusy: () => boolean
}

interface Seat {
  /** The version of each view that was sent last. */
  readonly versions: (string | undefined)[]
  beatMs: number
}

/** Lag and summary are sent this often, also while nothing changes: it shows that the connection lives. */
const beatEveryMs = 1000

/**
 * What goes out as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 * Each event states what is so now, so that missed ones do not matter: memory per subscriber does not grow while it is slow.
 */
export class LiveEvents {
  readonly #models: () => readonly ViewModel[]
  readonly #now: () => number
  readonly #seats = new Map<Subscriber, Seat>()
  /** The markup of each view and its version: rendered once for all subscribers. */
  readonly #kept: { version: string; html: string }[] = []
  readonly #announced: number[] = []

  constructor(models: () => readonly ViewModel[], now: () => number) {
    this.#models = models
    this.#now = now
  }

  get size(): number {
    return this.#seats.size
  }

  /** Sends everything at once; afterwards `tick` sends what is new. Returns how to leave. */
  add(subscriber: Subscriber): () => void {
    const models = this.#models()
    if (this.#seats.size === 0)
      models.forEach(({ transitionsTotal }, index) => {
        this.#announced[index] = transitionsTotal
      })
    subscriber.send(`retry: 2000\n${event('hello', { page: pageKey(models) })}`)
    const seat: Seat = { versions: [], beatMs: Number.NEGATIVE_INFINITY }
    this.#seats.set(subscriber, seat)
    this.#serve(
      subscriber,
      seat,
      models,
      models.map(() => ''),
    )
    return () => this.#seats.delete(subscriber)
  }

  /** Sends each subscriber what has changed for it. To be called a few times a second while there are any. */
  tick(): void {
    if (this.#seats.size === 0) return
    const models = this.#models()
    const said = models.map((view, index) => this.#say(view, index))
    for (const [subscriber, seat] of this.#seats)
      if (!subscriber.isBusy()) this.#serve(subscriber, seat, models, said)
  }

  #serve(subscriber: Subscriber, seat: Seat, models: readonly ViewModel[], said: readonly string[]): void {
    let text = ''
    models.forEach((view, index) => {
      if (seat.versions[index] === view.version) return
      seat.versions[index] = view.version
      text += event('view', { index, html: this.#html(view, index), say: said[index] })
    })
    const nowMs = this.#now()
    if (text !== '' || nowMs - seat.beatMs >= beatEveryMs || nowMs < seat.beatMs) {
      seat.beatMs = nowMs
      text += event('beat', {
        now: nowMs,
        title: titleText(models),
        summary: summaryText(models),
        summaryClass: summaryClass(models),
        behind: models.map(view => behindText(view, nowMs)),
      })
    }
    if (text !== '') subscriber.send(text)
  }

  #html(view: ViewModel, index: number): string {
    const kept = this.#kept[index]
    if (kept?.version === view.version) return kept.html
    const html = viewHtml(view, index)
    this.#kept[index] = { version: view.version, html }
    return html
  }

  /** The newest transitions of an alert view, as a few words: more than three are only counted. */
  #say(view: ViewModel, index: number): string {
    const fresh = view.transitionsTotal - (this.#announced[index] ?? 0)
    this.#announced[index] = view.transitionsTotal
    if (fresh <= 0 || !view.isAlert) return ''
    if (fresh > 3) return `${view.view}: ${fresh} transitions.`
    return view.transitions
      .slice(0, fresh)
      .map(transition => announcement(view, transition))
      .reverse()
      .join(' ')
  }
}

/** JSON has no line feeds, so that an event's data is one line. */
export function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}
