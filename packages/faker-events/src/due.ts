import { arrivalMs } from './define/arrival.js'
import type { GeneratedEvent } from './types.js'

/** What ends a batch. */
export interface BatchLimits {
  readonly events: number
  /** A batch ends with the event that reaches this, by the size of its record. */
  readonly bytes: number
  /** How long its first event waits for others, in the scenario's time. */
  readonly ageMs: number
}

/** Events that are sent together. */
export interface Batch<Value> {
  readonly events: readonly GeneratedEvent<Value>[]
  /** Their values as JSON in UTF-8. */
  readonly bytes: number
}

/** Events in the order in which they are sent, of which the due ones are taken. */
export class Due<Value> {
  readonly #events: Iterator<GeneratedEvent<Value>, void>
  readonly #limits: BatchLimits
  /** Read, and not taken yet; what is read is never put back. */
  readonly #ahead: GeneratedEvent<Value>[] = []

  constructor(events: Iterator<GeneratedEvent<Value>, void>, limits: BatchLimits) {
    this.#events = events
    this.#limits = limits
  }

  /** When the next event is due; undefined after the last. */
  get nextMs(): number | undefined {
    const next = this.#peek(0)
    return next && arrivalMs(next)
  }

  /** When the next batch is due: once it is full, its first event has waited long enough, or no more will come. */
  get batchMs(): number | undefined {
    const { nextMs } = this
    if (nextMs === undefined || this.#limits.ageMs === 0) return nextMs
    const agedMs = nextMs + this.#limits.ageMs
    let lastMs = nextMs
    let bytes = 0
    for (let count = 0; count < this.#limits.events && bytes < this.#limits.bytes; count++) {
      const event = this.#peek(count)
      if (event === undefined) return lastMs
      if (arrivalMs(event) > agedMs) return agedMs
      lastMs = arrivalMs(event)
      bytes += sizeOf(event).record
    }
    return lastMs
  }

  /** The events that are due at `nowMs`, up to the limits, without those that are left out. */
  take(nowMs: number, leavesOut: (event: GeneratedEvent<Value>) => boolean): Batch<Value> {
    const events: GeneratedEvent<Value>[] = []
    let [bytes, records] = [0, 0]
    while (events.length < this.#limits.events && records < this.#limits.bytes) {
      const next = this.#peek(0)
      if (next === undefined || arrivalMs(next) > nowMs) break
      this.#ahead.shift()
      if (leavesOut(next)) continue
      const { body, record } = sizeOf(next)
      events.push(next)
      bytes += body
      records += record
    }
    return { events, bytes }
  }

  #peek(position: number): GeneratedEvent<Value> | undefined {
    while (this.#ahead.length <= position) {
      const next = this.#events.next().value
      if (next === undefined) return undefined
      this.#ahead.push(next)
    }
    return this.#ahead[position]
  }
}

/** What a record takes besides its key, value and own headers: a timestamp, the headers that say which event it is. */
const envelopeBytes = 100

function sizeOf({ body: text, value, key, headers = {} }: GeneratedEvent): {
  readonly body: number
  readonly record: number
} {
  const body = Buffer.byteLength(text ?? JSON.stringify(value))
  const more = [key, ...Object.entries(headers).flat()]
  return { body, record: more.reduce((sum, each) => sum + Buffer.byteLength(each), body + envelopeBytes) }
}
