import { compress } from 'snappyjs'
import type { Bridge } from './bridge/bridge.js'
import { familySamples } from './exposition/format.js'
import { post } from './push/connection.js'
import { PushHealth } from './push/health.js'
import { Ledger, type Push, type PushedSample } from './push/ledger.js'
import { type CheckedOptions, checkedOptions } from './push/options.js'
import type { RemoteWriteEvent, RemoteWriteOptions } from './push/types.js'
import { eventLoopTurns } from './series/slices.js'

export type { RemoteWriteEvent, RemoteWriteOptions } from './push/types.js'

/** A running remote write; made by `remoteWrite()`. */
export interface RemoteWrite extends AsyncDisposable {
  /**
   * Sends everything now, once what is under way is over. Resolves when it was taken, refused, or given up until the next interval.
   * Nothing is sent after `close()`: what has been ended must not live again.
   */
  flush(): Promise<void>
  /** Stops; with `endOnClose`, ends all series first. Idempotent. */
  close(): Promise<void>
}

/** What of a bridge is sent. */
type Source = Pick<Bridge, 'samples' | 'labelNames'>

const attemptsPerInterval = 3

/**
 * Sends all series of a bridge to a receiver of Prometheus remote write 1.0, again and again, and ends there those that are gone here.
 * For where nobody can scrape. The receiver has the state of the last interval that it took; a failure is made up for by the next one.
 * Begins when the first interval is over, or with `flush()`.
 *
 * Throws `INVALID_OPTION`.
 *
 * @example
 * const push = remoteWrite(b, { url: 'http://prometheus:9090/api/v1/write', labels: { job: 'event_exporter' } })
 * await push.close()
 */
export function remoteWrite(bridge: Source, options: RemoteWriteOptions): RemoteWrite {
  return new Writer(bridge, checkedOptions(options, bridge.labelNames))
}

class Writer implements RemoteWrite {
  readonly #source: Source
  readonly #options: CheckedOptions
  readonly #ledger: Ledger
  readonly #health = new PushHealth()
  readonly #turn = eventLoopTurns()
  readonly #abort = new AbortController()
  #work: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined

  constructor(source: Source, options: CheckedOptions) {
    this.#source = source
    this.#options = options
    this.#ledger = new Ledger(options.labels)
    this.#schedule()
  }

  flush(): Promise<void> {
    if (this.#closing) return this.#closing
    this.#work = this.#work.then(() => this.#send(() => this.#samples()))
    return this.#work
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer)
    if (this.#options.endOnClose) {
      await this.#work
      await this.#send(() => [])
    }
    this.#abort.abort()
    await this.#work
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      void this.flush().then(() => {
        if (this.#closing === undefined) this.#schedule()
      })
    }, this.#options.intervalMs)
  }

  *#samples(): Generator<PushedSample> {
    yield* this.#source.samples()
    for (const family of this.#health.families()) yield* familySamples(family)
  }

  /** Never rejects: what should not happen ends a round, and not all that would follow. */
  async #send(samples: () => Iterable<PushedSample>): Promise<void> {
    try {
      await this.#round(samples())
    } catch (error) {
      this.#report({ type: 'given-up', problem: String(error), attempts: 0 })
    }
  }

  /** One after the other, until all are sent, or one is given up: the next would fare no better, and another state is due soon. */
  async #round(samples: Iterable<PushedSample>): Promise<void> {
    const deadlineMs = performance.now() + this.#options.intervalMs
    let [series, ended, isWhole] = [0, 0, true]
    for (const push of this.#ledger.pushes(samples, this.#options.now())) {
      if (push === undefined) {
        await this.#turn()
        continue
      }
      const outcome = await this.#deliver(push, deadlineMs)
      isWhole &&= outcome === 'taken'
      if (outcome === 'given-up') break
      series += push.live.length
      ended += push.ended.length
    }
    if (this.#abort.signal.aborted) return
    this.#health.round(isWhole, this.#options.now())
    if (isWhole) this.#report({ type: 'sent', series, ended })
  }

  async #deliver(push: Push, deadlineMs: number): Promise<'taken' | 'refused' | 'given-up'> {
    const { initialMs } = this.#options.retry
    const body = compress(Buffer.concat(push.fields))
    this.#ledger.sending(push)
    for (let attempt = 1; ; attempt++) {
      if (this.#abort.signal.aborted) return 'given-up'
      const outcome = await post(body, this.#options, this.#abort.signal)
      const { type } = outcome
      this.#health.request(type)
      if (type !== 'failed') {
        this.#ledger.settled(push)
        if (type === 'refused') this.#report({ ...outcome, series: push.fields.length })
        return type
      }
      if (this.#abort.signal.aborted) return 'given-up'
      const { problem, afterMs: delayMs = initialMs * 2 ** (attempt - 1) } = outcome
      if (attempt >= attemptsPerInterval || performance.now() + delayMs > deadlineMs) {
        this.#report({ type: 'given-up', problem, attempts: attempt })
        return 'given-up'
      }
      this.#report({ type: 'retry', problem, attempt, delayMs })
      await this.#pause(delayMs)
    }
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#abort
    return new Promise(resolve => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', done)
    })
  }

  #report(event: RemoteWriteEvent): void {
    try {
      this.#options.onEvent?.(event)
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error))
    }
  }
}
