import { accumulate, consolidate, type LineChange } from '../evaluate/multiset.js'
import type { Generation } from '../types.js'
import { type Failure, failure } from '../wire/failure.js'
import type { Form } from '../wire/statement.js'
import type { Subscription } from '../wire/subscription.js'
import type { Moment } from './history.js'
import { RowWriter } from './rows.js'

/** Where a stream's bytes go. After `write` gave false nothing is written until `drained()` is called. */
export interface Outlet {
  write(bytes: Buffer): boolean
}

/** How a stream ended: all was said, something failed, or nobody is there any more. */
export type Ending =
  | { readonly kind: 'complete'; readonly rows: number }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'gone' }

export interface ListenerOptions {
  readonly subscription: Subscription
  readonly generation: Generation
  /** Columns of the relation. */
  readonly columns: number
  readonly form: Form
  /** The first messages, before any row. */
  readonly head: Buffer
  readonly outlet: Outlet
  /** Milliseconds of a clock that only goes forward; for the pace of progress rows alone. */
  readonly monotonicMs: () => number
  readonly onEnd: (ending: Ending) => void
}

/** What a stream is told that would end before it begins. */
export function boundsCrossed(asOf: bigint, upTo: bigint): Failure {
  const bounds = 'subscription lower bound (`AS OF`) is greater than its upper bound (`UP TO`)'
  return failure('22000', `${bounds}: ${asOf} > ${upTo}`)
}

/** A progress row is due this long after the last row: with evaluations each 100 ms, at least one a second. */
const progressEveryMs = 850

/**
 * One client's stream of one view. Memory is bounded however slow the client is: while its socket is full,
 * changes are added up, and given later at the last timestamp as if the view had been evaluated less often.
 */
export class Listener {
  readonly #options: ListenerOptions
  readonly #rows: RowWriter
  readonly #backlog = new Map<string, number>()
  #work: Generator<Buffer> | undefined
  #isFull = false
  #hasEnded = false
  #isCompleting = false
  #lastRowMs = 0
  #frontier = 0n
  #saidFrontier = 0n
  #backlogAt = 0n

  constructor(options: ListenerOptions) {
    this.#options = options
    const { form, columns, subscription } = options
    this.#rows = new RowWriter({ form, columns, progress: subscription.progress })
  }

  get subscription(): Subscription {
    return this.#options.subscription
  }

  /**
   * The first rows. SUBSCRIBE says AS OF before the snapshot and v0.26 did not; both say after it that it is complete.
   * https://materialize.com/docs/sql/subscribe/#progress
   */
  begin(asOf: bigint, rows: Iterable<LineChange>): void {
    const { upTo } = this.#options.subscription
    // It came in time, and the contents before its bound are not known any more: without an error it would seem to be empty.
    if (upTo !== undefined && asOf > upTo)
      return this.end({ kind: 'failed', failure: boundsCrossed(asOf, upTo) })
    this.resume(asOf, rows, [], asOf + 1n)
  }

  /** The first rows of a stream that comes back: those of then, and all that changed since, up to `frontier`. */
  resume(asOf: bigint, rows: Iterable<LineChange>, missed: readonly Moment[], frontier: bigint): void {
    const { subscription } = this.#options
    this.#frontier = frontier
    this.#send(this.#opening(asOf, subscription.snapshot ? rows : [], missed))
    this.#checkEnd()
  }

  /** The first and last rows of a view that never changes. */
  beginConstant(asOf: bigint, rows: Iterable<LineChange>): void {
    const { subscription, generation } = this.#options
    this.#isCompleting = true
    this.#send(this.#constant(asOf, subscription.snapshot ? rows : [], generation === 'subscribe'))
  }

  /** Changes at a timestamp, all of them. */
  update(timestamp: bigint, changes: readonly LineChange[]): void {
    if (this.#isPast(timestamp)) return this.advance(timestamp + 1n)
    if (this.#hasEnded || this.#isCompleting) return
    this.#frontier = timestamp + 1n
    if (this.#isBusy) {
      accumulate(this.#backlog, changes)
      this.#backlogAt = timestamp
    } else this.#send(this.#batch(timestamp, changes))
    this.#checkEnd()
  }

  /** Nothing happened before `frontier`. Said when a progress row is due. */
  advance(frontier: bigint): void {
    if (this.#hasEnded || this.#isCompleting) return
    this.#frontier = frontier
    const due = this.#options.monotonicMs() - this.#lastRowMs >= progressEveryMs
    if ((due || this.#isPast(frontier)) && !this.#isBusy) this.#send(this.#say())
    this.#checkEnd()
  }

  /** The outlet takes bytes again. */
  drained(): void {
    this.#isFull = false
    this.#pump()
  }

  /** Ends the stream at once; what was not written is dropped. Later calls do nothing. */
  end(ending: Ending): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#work = undefined
    this.#backlog.clear()
    this.#options.onEnd(ending)
  }

  get #isBusy(): boolean {
    return this.#isFull || this.#work !== undefined
  }

  #isPast(timestamp: bigint): boolean {
    const { upTo } = this.#options.subscription
    return upTo !== undefined && timestamp >= upTo
  }

  #checkEnd(): void {
    if (!this.#isPast(this.#frontier)) return
    this.#isCompleting = true
    this.#pump()
  }

  #send(work: Generator<Buffer>): void {
    this.#work = work
    this.#pump()
  }

  #pump(): void {
    while (!this.#isFull && !this.#hasEnded) {
      this.#work ??= this.#owed()
      if (this.#work === undefined) break
      const { value, done } = this.#work.next()
      if (done) this.#work = undefined
      else {
        this.#lastRowMs = this.#options.monotonicMs()
        this.#isFull = !this.#options.outlet.write(value)
      }
    }
    if (this.#isCompleting && !this.#isBusy) this.end({ kind: 'complete', rows: this.#rows.count })
  }

  /** What came up while the outlet was full. */
  #owed(): Generator<Buffer> | undefined {
    if (this.#backlogAt === 0n) return undefined
    const changes = consolidate(this.#backlog)
    const timestamp = this.#backlogAt
    this.#backlog.clear()
    this.#backlogAt = 0n
    return this.#batch(timestamp, changes)
  }

  *#opening(asOf: bigint, rows: Iterable<LineChange>, missed: readonly Moment[]): Generator<Buffer> {
    yield this.#options.head
    if (this.#options.generation === 'subscribe') yield* this.#rows.progress(asOf)
    if (!this.#isPast(asOf)) yield* this.#rows.changes(asOf, rows)
    for (const { timestamp, changes } of missed) {
      if (!this.#isPast(BigInt(timestamp))) yield* this.#rows.changes(BigInt(timestamp), changes)
    }
    yield* this.#say()
  }

  *#constant(asOf: bigint, rows: Iterable<LineChange>, sayAsOf: boolean): Generator<Buffer> {
    yield this.#options.head
    if (sayAsOf) yield* this.#rows.progress(asOf)
    yield* this.#rows.changes(asOf, rows)
  }

  *#batch(timestamp: bigint, changes: readonly LineChange[]): Generator<Buffer> {
    yield* this.#rows.changes(timestamp, changes)
    yield* this.#say()
  }

  /** The frontier as it is when these bytes are made, once. */
  *#say(): Generator<Buffer> {
    // What is in the backlog lies before the frontier and has not been said.
    if (this.#backlogAt !== 0n || this.#frontier <= this.#saidFrontier) return
    this.#saidFrontier = this.#frontier
    yield* this.#rows.progress(this.#frontier)
  }
}
