import type { Evaluated, Plan, Want } from '../evaluate/backend.js'
import type { LineChange } from '../evaluate/multiset.js'
import type { Failure } from '../wire/failure.js'
import type { AsOf } from '../wire/subscription.js'
import { History } from './history.js'
import type { Listener } from './listener.js'
import { endOfTime } from './rows.js'

/** From when on a listener wants to see a view. */
type Start = { readonly kind: 'fresh' } | { readonly kind: 'at'; readonly timestamp: number }

const fresh: Start = { kind: 'fresh' }

/** One view that is listened to, and everyone who listens. Its frontier only moves forward. */
export class View {
  readonly id: number
  readonly plan: Plan
  /** Time alone may change it; what it is made of may be made anew while it is listened to. */
  temporal: boolean
  /** When its last listener left, on the clock that only goes forward; undefined while it has one. */
  leftMs: number | undefined
  readonly #historyMs: number
  readonly #history = new History()
  readonly #waiting = new Map<Listener, Start>()
  readonly #listening = new Set<Listener>()
  /** The backend knows its plan. */
  #isKnown = false
  #failure: Failure | undefined
  /** The contents are known from the history's start on, without a gap, up to the frontier. */
  #frontier = 0

  /** Changes of the last `historyMs` are kept. */
  constructor(id: number, plan: Plan, historyMs: number) {
    this.id = id
    this.plan = plan
    this.temporal = plan.temporal
    this.#historyMs = historyMs
  }

  get isEmpty(): boolean {
    return this.#waiting.size + this.#listening.size === 0
  }

  get failure(): Failure | undefined {
    return this.#failure
  }

  /** Whether it has contents that someone could come back to. */
  get isResumable(): boolean {
    return this.#frontier > 0 && !this.plan.constant
  }

  /** About how much memory its history takes. */
  get historyBytes(): number {
    return this.#history.bytes
  }

  /** Forgets the oldest of its history. False if there is nothing to forget. */
  shed(): boolean {
    return this.#history.shed(this.#floor(this.#frontier))
  }

  /** Knows nothing any more of before `timestamp`, which has not been given out. Nobody must wait for it. */
  forget(timestamp: number): void {
    this.#history.startAt(timestamp)
  }

  /** The first timestamp that a listener may ask for; `soonest` is the first that has not been given out. */
  readableSince(soonest: number): number {
    return this.#frontier > 0 ? Math.min(this.#history.since, soonest) : soonest
  }

  /** Lets a listener wait for the next evaluation. What it asks for must be readable. */
  add(listener: Listener, soonest: number): void {
    const { asOf } = listener.subscription
    // What never changes is the same at any time.
    const start = this.plan.constant ? fresh : startOf(asOf, this.readableSince(soonest), this.#frontier > 0)
    this.#waiting.set(listener, start)
    this.leftMs = undefined
  }

  remove(listener: Listener): void {
    this.#waiting.delete(listener)
    this.#listening.delete(listener)
  }

  /** Timestamps in the future that listeners wait for. */
  get wanted(): number[] {
    return [...this.#waiting.values()].flatMap(start =>
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
    const past = this.#joiners(start => this.#isPast(start))
    const now = this.#joiners(start => this.#startsAt(start, timestamp))
    const rows = past.some(([listener]) => listener.subscription.snapshot)
      ? 'before'
      : now.length > 0 || !this.#isKnown
        ? 'after'
        : undefined
    const plan = this.#isKnown ? {} : { plan: this.plan }
    const { id, temporal } = this
    return { id, temporal, ...plan, ...(rows === undefined ? {} : { rows }) }
  }

  /** Gives everyone what an evaluation at `timestamp` found. `before` says what its rows are. */
  apply(timestamp: number, want: Want, { changes, rows }: Evaluated): void {
    this.#failure = undefined
    this.#isKnown = true
    this.#resume(want.rows === 'before' ? (rows ?? []) : undefined)
    const first = this.#frontier === 0
    if (!first) {
      for (const listener of this.#listening) {
        if (changes.length > 0) listener.update(BigInt(timestamp), changes)
        else listener.advance(BigInt(timestamp) + 1n)
      }
    }
    // Earlier than the frontier is only a clock that was told to go back: what was known is of another time.
    if (first || timestamp < this.#frontier) this.#history.startAt(timestamp)
    else if (changes.length > 0) this.#history.add(timestamp, changes)
    this.#frontier = timestamp + 1
    this.#history.trim(this.#floor(timestamp - this.#historyMs))
    if (want.rows === 'after') this.#begin(start => this.#startsAt(start, timestamp), timestamp, rows ?? [])
  }

  /** As v0.26 does: good rows stay, also for those who come now, time goes on, nobody is told. */
  applySilently(timestamp: number, want: Want, failed: Evaluated): void {
    this.apply(timestamp, want, { ...failed, changes: [] })
    this.#failure = failed.failure
  }

  /** It cannot be evaluated for now: nothing is known of this time, and it stays where it is. */
  note(failure: Failure): void {
    this.#failure = failure
  }

  /** Ends everyone's stream. */
  fail(failure: Failure): void {
    for (const listener of [...this.#waiting.keys(), ...this.#listening])
      listener.end({ kind: 'failed', failure })
  }

  #startsAt(start: Start, timestamp: number): boolean {
    return start.kind === 'fresh' || start.timestamp === timestamp
  }

  #isPast(start: Start): start is Start & { readonly kind: 'at' } {
    return start.kind === 'at' && start.timestamp < this.#frontier
  }

  /** What has to stay known: who waits for the past must find it, however long the history is. */
  #floor(wanted: number): number {
    const starts = [...this.#waiting.values()].filter(start => this.#isPast(start))
    return Math.min(wanted, ...starts.map(start => start.timestamp))
  }

  /** Gives those who come back what they missed. `rows` are the contents at the frontier; without, only to those who need none. */
  #resume(rows: readonly LineChange[] | undefined): void {
    for (const [listener, start] of [...this.#waiting]) {
      if (!this.#isPast(start) || (rows === undefined && listener.subscription.snapshot)) continue
      this.#waiting.delete(listener)
      this.#listening.add(listener)
      const snapshot = rows === undefined ? [] : this.#history.contentsAt(start.timestamp, rows)
      const missed = this.#history.after(start.timestamp)
      listener.resume(BigInt(start.timestamp), snapshot, missed, BigInt(this.#frontier))
    }
  }

  #joiners(choose: (start: Start) => boolean): [Listener, Start][] {
    return [...this.#waiting].filter(([, start]) => choose(start))
  }

  #begin(choose: (start: Start) => boolean, timestamp: number, rows: Evaluated['changes']): void {
    for (const [listener] of this.#joiners(choose)) {
      this.#waiting.delete(listener)
      if (this.plan.constant) {
        listener.beginConstant(endOfTime, rows)
        continue
      }
      this.#listening.add(listener)
      listener.begin(BigInt(timestamp), rows)
    }
  }
}

function startOf(asOf: AsOf | undefined, since: number, evaluated: boolean): Start {
  if (asOf === undefined || asOf.kind === 'now') return fresh
  // Timestamps beyond what a number holds are further away than any stream lasts.
  const timestamp = Number(asOf.timestamp)
  if (asOf.kind === 'at least' && timestamp <= since) {
    return evaluated ? { kind: 'at', timestamp: since } : fresh
  }
  return { kind: 'at', timestamp }
}
