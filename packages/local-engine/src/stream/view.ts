import type { Evaluated, Plan, Want } from '../evaluate/backend.js'
import type { Failure } from '../wire/failure.js'
import type { AsOf } from '../wire/subscription.js'
import type { Listener } from './listener.js'
import { endOfTime } from './rows.js'

/** From when on a listener wants to see a view. */
type Start = { readonly kind: 'fresh' } | { readonly kind: 'at'; readonly timestamp: number }

/** One view that is listened to, and everyone who listens. Its frontier only moves forward. */
export class View {
  readonly id: number
  readonly plan: Plan
  readonly #waiting = new Map<Listener, Start>()
  readonly #listening = new Set<Listener>()
  #sent = false
  #failure: Failure | undefined
  /** The contents are known from here on, without a gap, up to the frontier. */
  #since = 0
  #frontier = 0

  constructor(id: number, plan: Plan) {
    this.id = id
    this.plan = plan
  }

  get empty(): boolean {
    return this.#waiting.size + this.#listening.size === 0
  }

  get failure(): Failure | undefined {
    return this.#failure
  }

  /** The first timestamp that a listener may ask for; `soonest` is the first that has not been given out. */
  readableSince(soonest: number): number {
    return this.#frontier > 0 ? Math.min(this.#since, soonest) : soonest
  }

  /** Lets a listener wait for the next evaluation. False if it asks for a time that is not readable any more. */
  add(listener: Listener, soonest: number): boolean {
    const since = this.readableSince(soonest)
    const start = startOf(listener.subscription.asOf, since)
    if (start.kind === 'at' && start.timestamp < since) return false
    this.#waiting.set(listener, start)
    return true
  }

  remove(listener: Listener): void {
    this.#waiting.delete(listener)
    this.#listening.delete(listener)
  }

  /** Timestamps in the future that listeners wait for. */
  get wanted(): number[] {
    const starts = this.plan.constant ? [] : [...this.#waiting.values()]
    return starts.flatMap(start =>
      start.kind === 'at' && start.timestamp >= this.#frontier ? [start.timestamp] : [],
    )
  }

  /** Whether a listener waits that an evaluation at any time would start. */
  get hasFresh(): boolean {
    return [...this.#waiting.values()].some(
      start => start.kind === 'fresh' || start.timestamp < this.#frontier,
    )
  }

  /** What to ask an evaluation at `timestamp` for. */
  want(timestamp: number): Want {
    const past = this.#joiners(start => start.kind === 'at' && start.timestamp < this.#frontier)
    const now = this.#joiners(start => this.#startsAt(start, timestamp))
    const rows = past.length > 0 ? 'before' : now.length > 0 || !this.#sent ? 'after' : undefined
    const plan = this.#sent ? {} : { plan: this.plan }
    this.#sent = true
    return { id: this.id, ...plan, ...(rows === undefined ? {} : { rows }) }
  }

  /** Gives everyone what an evaluation at `timestamp` found. `before` says what its rows are. */
  apply(timestamp: number, want: Want, { changes, rows }: Evaluated): void {
    this.#failure = undefined
    if (want.rows === 'before') {
      this.#begin(start => start.kind === 'at' && start.timestamp < this.#frontier, timestamp, rows ?? [])
    }
    const first = this.#frontier === 0
    if (!first) {
      for (const listener of this.#listening) {
        if (changes.length > 0) listener.update(BigInt(timestamp), changes)
        else listener.advance(BigInt(timestamp) + 1n)
      }
    }
    if (first || changes.length > 0) this.#since = timestamp
    this.#frontier = timestamp + 1
    if (want.rows === 'after') this.#begin(start => this.#startsAt(start, timestamp), timestamp, rows ?? [])
  }

  /** As v0.26 does: good rows stay, time goes on, nobody is told. */
  applySilently(timestamp: number, want: Want, failure: Failure): void {
    if (this.#frontier === 0) this.#since = timestamp
    this.apply(timestamp, { ...want, rows: 'after' }, { id: this.id, changes: [] })
    this.#failure = failure
  }

  /** Ends everyone's stream. */
  fail(failure: Failure): void {
    for (const listener of [...this.#waiting.keys(), ...this.#listening])
      listener.end({ kind: 'failed', failure })
  }

  #startsAt(start: Start, timestamp: number): boolean {
    return start.kind === 'fresh' || this.plan.constant || start.timestamp === timestamp
  }

  #joiners(choose: (start: Start) => boolean): [Listener, Start][] {
    return [...this.#waiting].filter(([, start]) => choose(start))
  }

  #begin(choose: (start: Start) => boolean, timestamp: number, rows: Evaluated['changes']): void {
    for (const [listener, start] of this.#joiners(choose)) {
      this.#waiting.delete(listener)
      if (this.plan.constant) {
        listener.beginConstant(endOfTime, rows)
        continue
      }
      this.#listening.add(listener)
      listener.begin(BigInt(start.kind === 'at' ? start.timestamp : timestamp), rows)
    }
  }
}

function startOf(asOf: AsOf | undefined, since: number): Start {
  if (asOf === undefined || asOf.kind === 'now') return { kind: 'fresh' }
  // Timestamps beyond what a number holds are further away than any stream lasts.
  const timestamp = Number(asOf.timestamp)
  if (asOf.kind === 'at least' && timestamp <= since) return { kind: 'fresh' }
  return { kind: 'at', timestamp }
}
