import type { Clock } from '@mzalert/tail-client'
import { queueFull, type SinksError, type SinksErrorCode } from '../errors.js'
import type { Alert, Sink } from '../types.js'
import { type Backoff, delayMs } from './backoff.js'
import { callSink } from './call.js'
import { alertOf, type Ledger, type LedgerEntry } from './ledger.js'
import { Resends } from './resends.js'

/** What a lane has around it. */
export interface LaneSurroundings {
  readonly ledger: Ledger
  readonly clock: Clock
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly random: () => number
  readonly backoff: Backoff
  readonly maxQueued: number
  /** Whether no call may begin, because what it would tell is not safe yet; `changed()` comes after it. */
  readonly isHeld: () => boolean
  /** Whether what did not change may be sent again now. */
  readonly mayResend: (status: Alert['status']) => boolean
  readonly onDelivered: (sink: string, alerts: readonly Alert[]) => void
  readonly onRetry: (sink: string, error: SinksError, attempt: number, delayMs: number) => void
  readonly onFailed: (sink: string, error: SinksError, alert: Alert | undefined) => void
  /** The sink knows, or has been given up on, the end of this alert. */
  readonly onDone: (key: string) => void
}

/** What a lane has done since the start. */
export interface LaneCounts {
  /** Alerts that the sink has taken, those sent again included. */
  sent: number
  /** Calls that failed, by code. */
  readonly failures: Partial<Record<SinksErrorCode, number>>
  /** Alerts that the sink refused for good. */
  rejected: number
  /** Alerts given up because too many were waiting. */
  dropped: number
  /** States that a newer one stood in for before they were sent. */
  coalesced: number
}

const never = Number.POSITIVE_INFINITY

interface Sending {
  readonly key: string
  readonly revision: number
  readonly alert: Alert
}

/**
 * The way to one sink: a queue of alerts of which the newest state counts, whatever waited before it. An alert is in one call at a time, so
 * that a sink hears of its states in order. A sink that fails is tried again and again; nobody else waits for it.
 */
export class Lane {
  readonly sink: Required<Omit<Sink, 'resend' | 'close'>> & Pick<Sink, 'resend'>
  readonly counts: LaneCounts = { sent: 0, failures: {}, rejected: 0, dropped: 0, coalesced: 0 }
  readonly #with: LaneSurroundings
  /** Waiting, oldest first; `resend` if nothing changed. */
  readonly #queue = new Map<string, 'change' | 'resend'>()
  readonly #inFlight = new Set<string>()
  readonly #resends: Resends
  readonly #stop = new AbortController()
  #calls = 0
  #limit: number
  #failures = 0
  #lastError: SinksError | undefined
  #lastSuccessMs: number | undefined
  #notBeforeMs = 0
  #timer: { readonly clear: () => void } | undefined
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
    this.#with = surroundings
    this.#limit = this.sink.batchSize
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

  /** Of the failures in a row that are going on now. */
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
    return Math.max(0, this.#notBeforeMs - this.#with.clock.nowMs())
  }

  /** Whether the sink has yet to be told something of this alert. */
  isOutstanding(entry: LedgerEntry): boolean {
    return (entry.acked[this.name] ?? 0) < (this.sink.updates ? entry.revision : entry.transition)
  }

  /** Whether this lane has no use for the entry any more. */
  isDone(entry: LedgerEntry): boolean {
    return entry.status === 'resolved' && !this.isOutstanding(entry) && !this.#resends.has(entry.key)
  }

  /** Takes up what another process left: what the sink has not been told, and what it wants to hear regularly. */
  resume(entries: Iterable<LedgerEntry>): void {
    const { mayResend, clock } = this.#with
    for (const entry of entries)
      if (this.isOutstanding(entry)) this.#enqueue(entry.key, 'change')
      else if (!this.sink.resend) continue
      else if (mayResend(entry.status)) this.#enqueue(entry.key, 'resend')
      else this.#resends.sent(entry, clock.nowMs())
    this.#pump()
  }

  /** These have changed. All of one batch at once, so that they are sent together. */
  changed(entries: readonly LedgerEntry[]): void {
    for (const entry of entries) if (this.isOutstanding(entry)) this.#enqueue(entry.key, 'change')
    this.#pump()
  }

  /** Sends what waits, without waiting itself where it can be helped; resolves when nothing is left, or when `stop()` is called. */
  drain(): Promise<void> {
    this.#isDraining = true
    for (const [key, what] of this.#queue) if (what === 'resend') this.#queue.delete(key)
    this.#notBeforeMs = 0
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

  #enqueue(key: string, what: 'change' | 'resend'): void {
    const before = this.#queue.get(key)
    if (before === 'change') {
      if (what === 'change') this.counts.coalesced++
      return
    }
    if (before === undefined && this.#queue.size >= this.#with.maxQueued) this.#giveUpOldest()
    this.#queue.set(key, what)
  }

  #giveUpOldest(): void {
    const [key, what] = this.#queue.entries().next().value ?? []
    if (key === undefined) return
    this.#queue.delete(key)
    const entry = this.#with.ledger.get(key)
    if (what !== 'change' || entry === undefined) return
    this.counts.dropped++
    entry.acked[this.name] = entry.revision
    this.#resends.forget(key)
    const alert = alertOf(entry, 'transition', this.#with.now())
    this.#with.onFailed(this.name, queueFull(this.name, this.#with.maxQueued), alert)
    this.#settled(entry)
  }

  /** Starts as many calls as may be, and sees to it that it is called again in time. */
  #pump(): void {
    const { clock, isHeld } = this.#with
    if (this.#stop.signal.aborted || isHeld()) return
    this.#timer?.clear()
    const nowMs = clock.nowMs()
    if (!this.#isDraining) this.#takeUpResends(nowMs)
    while (this.#calls < this.sink.concurrency && clock.nowMs() >= this.#notBeforeMs) {
      const sending = this.#take()
      if (sending.length === 0) break
      this.#notBeforeMs = Math.max(
        this.#notBeforeMs,
        this.sink.minIntervalMs && nowMs + this.sink.minIntervalMs,
      )
      this.#calls++
      void this.#send(sending).finally(() => {
        this.#calls--
        this.#pump()
      })
    }
    if (this.#isDraining && this.#calls === 0 && this.#queue.size === 0) this.#onIdle()
    const nextMs = Math.min(
      this.#nextCallMs(nowMs),
      this.#isDraining ? never : (this.#resends.nextMs ?? never),
    )
    if (nextMs !== never) this.#timer = clock.setTimer(() => this.#pump(), Math.max(1, nextMs - nowMs))
  }

  /** When waiting ends for something that could be sent. */
  #nextCallMs(nowMs: number): number {
    if (this.#notBeforeMs <= nowMs || this.#calls >= this.sink.concurrency) return never
    for (const key of this.#queue.keys()) if (!this.#inFlight.has(key)) return this.#notBeforeMs
    return never
  }

  #takeUpResends(nowMs: number): void {
    const { ledger, mayResend } = this.#with
    for (const key of this.#resends.take(nowMs)) {
      const entry = ledger.get(key)
      if (entry === undefined) continue
      if (mayResend(entry.status)) this.#enqueue(key, 'resend')
      else this.#resends.sent(entry, nowMs)
      if (entry.status === 'resolved' && !this.#resends.has(key) && !this.#queue.has(key))
        this.#settled(entry)
    }
  }

  #take(): readonly Sending[] {
    const sending: Sending[] = []
    const { ledger, now } = this.#with
    const nowMs = now()
    for (const key of this.#queue.keys()) {
      if (sending.length >= this.#limit) break
      if (this.#inFlight.has(key)) continue
      this.#queue.delete(key)
      const entry = ledger.get(key)
      if (entry === undefined) continue
      this.#inFlight.add(key)
      sending.push({ key, revision: entry.revision, alert: alertOf(entry, this.#reason(entry), nowMs) })
    }
    return sending
  }

  #reason({ acked, revision, transition }: LedgerEntry): Alert['reason'] {
    const known = acked[this.name] ?? 0
    if (known < transition) return 'transition'
    return known < revision ? 'update' : 'resend'
  }

  async #send(sending: readonly Sending[]): Promise<void> {
    await this.#deliver(sending)
    for (const { key } of sending) this.#inFlight.delete(key)
    for (const { key } of sending) {
      const entry = this.#with.ledger.get(key)
      if (entry) this.#settled(entry)
    }
  }

  /** Halves what is refused for good until the one at fault is found; the others arrive. */
  async #deliver(sending: readonly Sending[]): Promise<void> {
    if (sending.length === 0) return
    const { clock, now } = this.#with
    const error = await callSink(
      this.sink,
      sending.map(({ alert }) => alert),
      { clock, nowMs: now(), timeoutMs: this.sink.timeoutMs, stop: this.#stop.signal },
    )
    if (error === undefined) return this.#succeeded(sending)
    if (error.retryable) return this.#failed(sending, error)
    const [only] = sending
    if (sending.length === 1 && only) return this.#rejected(only, error)
    const middle = Math.ceil(sending.length / 2)
    await this.#deliver(sending.slice(0, middle))
    const rest = sending.slice(middle)
    if (this.#failures > 0 || this.#stop.signal.aborted) this.#putBack(rest)
    else await this.#deliver(rest)
  }

  #succeeded(sending: readonly Sending[]): void {
    const { ledger, clock, now, onDelivered } = this.#with
    this.counts.sent += sending.length
    this.#failures = 0
    this.#lastError = undefined
    this.#lastSuccessMs = now()
    this.#limit = Math.min(this.sink.batchSize, this.#limit * 2)
    for (const { key, revision } of sending) {
      const entry = ledger.get(key)
      if (entry === undefined) continue
      entry.acked[this.name] = Math.max(revision, entry.acked[this.name] ?? 0)
      if (entry.revision === revision) this.#resends.sent(entry, clock.nowMs())
    }
    onDelivered(
      this.name,
      sending.map(({ alert }) => alert),
    )
  }

  #failed(sending: readonly Sending[], error: SinksError): void {
    const { backoff, random, clock, onRetry } = this.#with
    this.counts.failures[error.code] = (this.counts.failures[error.code] ?? 0) + 1
    this.#failures++
    this.#lastError = error
    // Should one alert be what the other side trips over, smaller calls let the others pass it.
    this.#limit = Math.max(1, Math.floor(this.#limit / 2))
    this.#putBack(sending)
    const delay = delayMs(this.#failures, error.retryAfterMs, backoff, random)
    this.#notBeforeMs = Math.max(this.#notBeforeMs, clock.nowMs() + delay)
    if (!this.#stop.signal.aborted) onRetry(this.name, error, this.#failures, delay)
  }

  #putBack(sending: readonly Sending[]): void {
    for (const { key, alert } of sending)
      if (!this.#queue.has(key)) this.#queue.set(key, alert.reason === 'resend' ? 'resend' : 'change')
  }

  #rejected({ key, revision, alert }: Sending, error: SinksError): void {
    this.counts.rejected++
    this.counts.failures[error.code] = (this.counts.failures[error.code] ?? 0) + 1
    const entry = this.#with.ledger.get(key)
    if (entry) entry.acked[this.name] = Math.max(revision, entry.acked[this.name] ?? 0)
    this.#resends.forget(key)
    this.#with.onFailed(this.name, error, alert)
  }

  #settled(entry: LedgerEntry): void {
    if (this.isDone(entry) && !this.#queue.has(entry.key) && !this.#inFlight.has(entry.key))
      this.#with.onDone(entry.key)
  }
}
