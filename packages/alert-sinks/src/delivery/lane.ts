import { queueFull, type SinksError } from '../errors.js'
import type { Alert, Sink } from '../types.js'
import { backoffMs } from './backoff.js'
import { callSink } from './call.js'
import { alertOf, type LedgerEntry } from './ledger.js'
import { Pace } from './pace.js'
import { SendQueue } from './queue.js'
import { Refusals } from './refusals.js'
import { Resends } from './resends.js'
import type { LaneCounts, LaneSurroundings } from './surroundings.js'

const never = Number.POSITIVE_INFINITY
/** An alert that fires counts as lapsed after so many times of sending it again were left out. */
const lapsesAfterTimes = 4

interface Sending {
  readonly entry: LedgerEntry
  readonly revision: number
  readonly content: LedgerEntry['content']
  readonly alert: Alert
}

/**
 * The way to one sink: a queue of alerts of which the newest state counts, whatever waited before it. An alert is in one call at a time, so
 * that a sink hears of its states in order. A sink that fails is tried again and again; nobody else waits for it.
 */
export class Lane {
  readonly sink: Required<Omit<Sink, 'resend' | 'close'>> & Pick<Sink, 'resend'>
  readonly counts: LaneCounts = { sent: 0, failures: {}, rejected: 0, dropped: 0, coalesced: 0 }
  readonly #surroundings: LaneSurroundings
  readonly #queue = new SendQueue()
  readonly #inFlight = new Set<string>()
  readonly #resends: Resends
  readonly #refusals = new Refusals()
  readonly #pace: Pace
  readonly #stop = new AbortController()
  #calls = 0
  #limit: number
  #failures = 0
  #lastError: SinksError | undefined
  #lastSuccessMs: number | undefined
  #timer: { readonly clear: () => void } | undefined
  /** Whether the sink has taken for over what fires, because nobody sent it again in time; until it is known what fires now. */
  #hasLapsed = false
  #isDraining = false
  #onIdle: () => void = () => {}

  constructor(sink: Sink, surroundings: LaneSurroundings) {
    this.sink = {
      batchSize: 256,
      concurrency: 1,
      minIntervalMs: 0,
      timeoutMs: 10_000,
      updates: true,
      ...sink,
    }
    this.#surroundings = surroundings
    this.#limit = this.sink.batchSize
    this.#pace = new Pace(this.sink.minIntervalMs)
    this.#resends = new Resends(this.sink.resend)
  }

  get name(): string {
    return this.sink.name
  }

  get queued(): number {
    return this.#queue.size
  }

  get inFlight(): number {
    return this.#inFlight.size
  }

  /** What the last call that ended said, if it failed. */
  get lastError(): SinksError | undefined {
    return this.#lastError
  }

  get failuresInARow(): number {
    return this.#failures
  }

  /** Milliseconds since 1970. */
  get lastSuccessMs(): number | undefined {
    return this.#lastSuccessMs
  }

  /** Milliseconds until it is tried again; 0 if nothing is waited for. */
  get retryInMs(): number {
    return Math.max(0, this.#pace.nextMs - this.#surroundings.clock.nowMs())
  }

  /** Whether the sink may have taken for over what fires, and it is not known yet what does. */
  get hasLapsed(): boolean {
    return this.#hasLapsed
  }

  /** Whether the sink has yet to be told something of this alert. */
  isOutstanding(entry: LedgerEntry): boolean {
    return this.#acked(entry) < (this.sink.updates ? entry.revision : entry.transition)
  }

  /** Whether this lane has no use for the entry any more. */
  isDone(entry: LedgerEntry): boolean {
    const { key, status } = entry
    const isWaiting = this.#resends.has(key) || this.#queue.has(key) || this.#inFlight.has(key)
    return status === 'resolved' && !isWaiting && !this.isOutstanding(entry)
  }

  /**
   * Takes up what another process left so long ago: the ends that the sink was not told, and what it wants to hear regularly, unless it
   * has taken that for over. The rest waits for `reconciled()`.
   */
  resume(entries: Iterable<LedgerEntry>, downMs: number): void {
    const { mayResend, clock } = this.#surroundings
    const { resend } = this.sink
    const lapsesAfterMs = resend?.lapsesAfterMs ?? lapsesAfterTimes * (resend?.everyMs ?? 0)
    this.#hasLapsed = resend !== undefined && downMs >= lapsesAfterMs
    for (const entry of entries)
      if (this.isOutstanding(entry)) {
        const isKnownToFire = entry.status === 'firing' && this.#acked(entry) >= entry.transition
        if (entry.status === 'resolved') this.#queue.addChange(entry.key)
        else if (resend && isKnownToFire && this.#mayResendNow(entry)) this.#queue.addResend(entry.key)
      } else if (!resend) continue
      else if (mayResend(entry.status) && this.#mayResendNow(entry)) this.#queue.addResend(entry.key)
      else this.#resends.sent(entry, clock.nowMs())
    this.#pump()
  }

  /** It is known now what fires, and that these did not change. What waited for that is sent with the changes that come next. */
  reconciled(entries: Iterable<LedgerEntry>): void {
    const hadLapsed = this.#hasLapsed
    this.#hasLapsed = false
    for (const entry of entries)
      if (this.isOutstanding(entry)) this.#enqueue(entry.key)
      else if (hadLapsed && this.sink.resend && entry.status === 'firing') this.#queue.addResend(entry.key)
  }

  /** These have changed. All of one batch at once, so that they are sent together. */
  changed(entries: readonly LedgerEntry[]): void {
    for (const entry of entries) {
      if (!this.isOutstanding(entry)) continue
      this.#refusals.forget(entry.key)
      this.#enqueue(entry.key)
    }
    // Others may be taken, even if those that wait are not.
    if (this.#lastError?.retryable === false) this.#pace.hurry()
    this.#pump()
  }

  /** Sends what waits, without waiting itself where it can be helped; resolves when nothing is left, or when `stop()` is called. */
  drain(): Promise<void> {
    this.#isDraining = true
    this.#queue.dropResends()
    this.#pace.hurry()
    return new Promise(resolve => {
      this.#onIdle = resolve
      this.#pump()
    })
  }

  /** Ends it: calls under way are aborted, and count as failed. */
  stop(): void {
    this.#stop.abort()
    this.#timer?.clear()
    this.#onIdle()
  }

  #acked({ acked }: LedgerEntry): number {
    return acked[this.name] ?? 0
  }

  #mayResendNow({ status }: LedgerEntry): boolean {
    return this.#surroundings.mayResend(status) && !this.#hasLapsed
  }

  #enqueue(key: string): void {
    const { maxQueued, ledger, onFailed } = this.#surroundings
    const isNew = !this.#queue.has(key)
    const oldest =
      isNew && this.#queue.size >= maxQueued ? ledger.get(this.#queue.dropOldest() ?? '') : undefined
    if (this.#queue.addChange(key)) this.counts.coalesced++
    if (oldest === undefined) return
    this.counts.dropped++
    this.#giveUp(oldest)
    this.#resends.forget(oldest.key)
    onFailed(this.name, queueFull(this.name, maxQueued), alertOf(oldest, 'transition'))
    this.#tellIfDone(oldest)
  }

  /** Starts as many calls as may be, and sees to it that it is called again in time. */
  #pump(): void {
    const { clock, isHeld } = this.#surroundings
    if (this.#stop.signal.aborted || isHeld()) return
    this.#timer?.clear()
    const nowMs = clock.nowMs()
    if (!this.#isDraining) this.#takeUpResends(nowMs)
    while (nowMs >= this.#pace.nextMs && this.#isCallWanted()) {
      const sending = this.#take(nowMs)
      // What waited is of no use any more; what is behind it may be.
      if (sending.length === 0) continue
      this.#pace.called(nowMs)
      this.#calls++
      void this.#send(sending).finally(() => {
        this.#calls--
        this.#pump()
      })
    }
    if (this.#isDraining && this.#calls === 0 && this.#queue.size === 0) this.#onIdle()
    const callMs = this.#pace.nextMs > nowMs && this.#isCallWanted() ? this.#pace.nextMs : never
    const resendMs = this.#isDraining ? never : (this.#resends.nextMs ?? never)
    const nextMs = Math.min(callMs, resendMs)
    if (nextMs !== never) this.#timer = clock.setTimer(() => this.#pump(), Math.max(1, nextMs - nowMs))
  }

  /** Whether a call could begin, were it not for its time. */
  #isCallWanted(): boolean {
    return this.#calls < this.sink.concurrency && this.#queue.hasReady(this.#inFlight)
  }

  #takeUpResends(nowMs: number): void {
    for (const key of this.#resends.take(nowMs)) {
      const entry = this.#surroundings.ledger.get(key)
      if (entry === undefined) continue
      if (this.#mayResendNow(entry)) this.#queue.addResend(key)
      else this.#resends.sent(entry, nowMs)
      this.#tellIfDone(entry)
    }
  }

  #take(nowMs: number): readonly Sending[] {
    const sending: Sending[] = []
    for (const key of this.#queue.take(this.#limit, this.#inFlight)) {
      const entry = this.#surroundings.ledger.get(key)
      if (entry === undefined) continue
      const reason = this.#reason(entry)
      if (reason === 'resend' && !this.#mayResendNow(entry)) {
        // It waited for the sink, and its time has passed meanwhile.
        this.#resends.sent(entry, nowMs)
        this.#tellIfDone(entry)
        continue
      }
      this.#inFlight.add(key)
      const content = (reason === 'resend' && this.#resends.contentOf(key)) || entry.content
      sending.push({ entry, revision: entry.revision, content, alert: alertOf(entry, reason, content) })
    }
    return sending
  }

  #reason(entry: LedgerEntry): Alert['reason'] {
    const known = this.#acked(entry)
    if (known < entry.transition) return 'transition'
    return known < entry.revision ? 'update' : 'resend'
  }

  async #send(sending: readonly Sending[]): Promise<void> {
    const { clock, now, onFallback } = this.#surroundings
    const alerts = sending.map(({ alert }) => alert)
    const { timeoutMs } = this.sink
    const surroundings = { clock, nowMs: now(), timeoutMs, stop: this.#stop.signal, onFallback }
    const error = await callSink(this.sink, alerts, surroundings)
    if (error === undefined) this.#succeeded(sending)
    else {
      this.counts.failures[error.code] = (this.counts.failures[error.code] ?? 0) + 1
      this.#lastError = error
      if (error.retryable) this.#failed(sending, error)
      else this.#refused(sending, error)
    }
    for (const { entry } of sending) this.#inFlight.delete(entry.key)
    for (const { entry } of sending) this.#tellIfDone(entry)
  }

  #succeeded(sending: readonly Sending[]): void {
    const { clock, now, onDelivered } = this.#surroundings
    this.counts.sent += sending.length
    this.#failures = 0
    this.#lastError = undefined
    this.#lastSuccessMs = now()
    this.#limit = this.sink.batchSize
    this.#pace.hurry()
    this.#refusals.taken(sending.map(({ entry }) => entry.key))
    for (const { entry, revision, content } of sending) {
      entry.acked[this.name] = Math.max(revision, this.#acked(entry))
      this.#resends.sent(entry, clock.nowMs(), content)
    }
    onDelivered(
      this.name,
      sending.map(({ alert }) => alert),
    )
  }

  #failed(sending: readonly Sending[], error: SinksError): void {
    // Should one alert be what the other side trips over, smaller calls let the others pass it.
    this.#limit = Math.max(1, Math.floor(sending.length / 2))
    for (const { entry } of sending) this.#putBack(entry)
    this.#rest(error)
  }

  /**
   * Refused for good, all or one of them: halves find the one at fault. It is given up only if the sink took another one since it was
   * refused first; a sink that refuses whatever it is sent has a fault of its own, which may be repaired.
   */
  #refused(sending: readonly Sending[], error: SinksError): void {
    const [only] = sending
    if (sending.length === 1) this.#refusals.count()
    if (sending.length > 1 || only === undefined) {
      for (const { entry } of sending) this.#putBack(entry)
      this.#queue.split(sending.map(({ entry }) => entry.key))
    } else if (only.alert.reason === 'resend') {
      // The sink was told what it takes of it. Its time comes again.
      this.#resends.sent(only.entry, this.#surroundings.clock.nowMs())
    } else if (this.#refusals.isFinal(only.entry.key)) {
      this.counts.rejected++
      this.#giveUp(only.entry, only.revision)
      this.#resends.sent(only.entry, this.#surroundings.clock.nowMs())
      this.#surroundings.onFailed(this.name, error, only.alert)
    } else this.#putBack(only.entry)
    if (this.#refusals.areAllThereIs(this.#queue.size)) this.#rest(error)
  }

  /** Leaves the sink alone for some time. */
  #rest(error: SinksError): void {
    const { backoff, random, clock, onRetry } = this.#surroundings
    this.#failures++
    const delay = backoffMs(this.#failures, error.retryAfterMs, backoff, random)
    const untilMs = clock.nowMs() + delay
    if (error.retryAfterMs === undefined) this.#pace.rest(untilMs)
    else this.#pace.asked(untilMs)
    if (!this.#stop.signal.aborted) onRetry(this.name, error, this.#failures, delay)
  }

  /** It waits again, for what the sink has yet to be told of it now. */
  #putBack(entry: LedgerEntry): void {
    if (this.isOutstanding(entry)) this.#queue.addChange(entry.key)
    else if (!this.#isDraining) this.#queue.addResend(entry.key)
  }

  #giveUp(entry: LedgerEntry, revision = entry.revision): void {
    entry.acked[this.name] = Math.max(revision, this.#acked(entry))
    this.#refusals.forget(entry.key)
  }

  #tellIfDone(entry: LedgerEntry): void {
    if (this.isDone(entry)) this.#surroundings.onDone(entry.key)
  }
}
