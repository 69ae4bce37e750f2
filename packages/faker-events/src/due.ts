import { arrivalMs } from './define/arrival.js'
import type { GeneratedEvent } from './types.js'

/** What ends a batch. */
export interface BatchLimits {
  readonly events: number
  /** A batch ends with the event that reaches this. */
  readonly bytes: number
  /** How long its first event waits for others. */
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
    for (let count = 0; count < this.#limits.events && bytes < this.#limits.bytes; count += 1) {
      const event = this.#peek(count)
      if (event === undefined) return lastMs
      if (arrivalMs(event) > agedMs) return agedMs
      lastMs = arrivalMs(event)
      bytes += sizeOf(event)
    }
    return lastMs
  }

  /** The events that are due at `nowMs`, up to the limits, without those that are left out. */
  take(nowMs: number, leavesOut: (event: GeneratedEvent<Value>) => boolean): Batch<Value> {
    const events: GeneratedEvent<Value>[] = []
    let bytes = 0
    while (events.length < this.#limits.events && bytes < this.#limits.bytes) {
      const next = this.#peek(0)
      if (next === undefined || arrivalMs(next) > nowMs) break
      this.#ahead.shift()
      if (leavesOut(next)) continue
      events.push(next)
      bytes += sizeOf(next)
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

function sizeOf({ body, value }: GeneratedEvent): number {
  return Buffer.byteLength(body ?? JSON.stringify(value))
}
