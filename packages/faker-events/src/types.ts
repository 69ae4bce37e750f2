/**
 * One generated domain fact, and where it belongs.
 *
 * An event is a function of the scenario's seed and options, its `stream`, its `index` in that stream, and the
 * time the scenario starts from: of nothing else, and never of when or where it is sent.
 */
export interface GeneratedEvent<Value = unknown> {
  /** The named sub-sequence of the scenario. */
  readonly stream: string
  /** The position in the stream, from 0. */
  readonly index: number
  /** The scenario's seed. With its name and options, `(seed, originMs, stream, index)` is what makes an event itself. */
  readonly seed: number
  /** The time the scenario starts from: whole milliseconds since 1970. */
  readonly originMs: number
  /** When the event happens and becomes visible to the world: whole milliseconds since 1970. */
  readonly timestampMs: number
  readonly topic: string
  /** The entity that the event is about, as text: events of one key are in order. */
  readonly key: string
  /** What is sent, as JSON; `null` is sent as a null, which deletes the key in a compacted topic. */
  readonly value: Value
  /** When it is sent, where that is not when it happens: a late event. */
  readonly arrivesMs?: number
  /** Sent along with it, beside those that say which event it is. */
  readonly headers?: Readonly<Record<string, string>>
  /** Sent instead of `value`: a malformed event. */
  readonly body?: string
}

/** A named sub-sequence of a scenario: `at` is pure, so a stream has no state to lose. */
export interface EventStream<Value = unknown> {
  readonly name: string
  /** How many events there are at most; `Infinity` for a stream that never ends, or whose end is not known. */
  readonly count: number
  /**
   * The event at `index`, `0 <= index < count`, of a scenario that starts at `originMs`. It takes as long for each
   * index, except in a stream with `read`, where it takes as long as reading that far.
   */
  readonly at: (index: number, originMs: number) => GeneratedEvent<Value>
  /** The events in the order in which they are sent. Left out: by index, and `timestampMs` never decreases with it. */
  readonly read?: (originMs: number) => Iterator<GeneratedEvent<Value>, void>
}

/** A named set of streams. Where two events have the same time, the earlier stream in the list goes first. */
export interface Scenario<Value = unknown> {
  readonly name: string
  readonly seed: number
  readonly streams: readonly EventStream<Value>[]
}

/** The part of time that is asked for, in whole milliseconds since 1970. */
export interface TimeRange {
  /** The scenario's origin: what it places in the past lies before it. */
  readonly from: number
  /** No event at or after it. Left out: as long as the scenario has events, which may be forever. */
  readonly to?: number
  /** How many events of the range to leave out, for going on where something stopped. Default: 0. */
  readonly startAt?: number
}

/**
 * A destination.
 *
 * `send` resolves once the destination has taken every event, in order, and rejects otherwise; the caller awaits
 * it before the next one. A rejected batch may have arrived in part: it is sent again as a whole (at least once).
 */
export interface Sink {
  readonly send: (events: readonly GeneratedEvent[]) => Promise<void>
  /** Gives back what the sink itself opened; resolves after the send in flight. Closing twice is closing once. */
  readonly close: () => Promise<void>
}

/** Where time comes from. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly nowMs: () => number
  /** Resolves when `ms` have passed, or as soon as `signal` aborts. It never rejects. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
  /** How many of its milliseconds pass in one of the machine's: 60 for a minute a second. Default: 1. */
  readonly speed?: number
}
