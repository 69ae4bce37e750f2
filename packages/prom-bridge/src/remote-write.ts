import { compress } from 'snappyjs'
import type { Bridge } from './bridge/bridge.js'
import { invalidOption } from './errors.js'
import { Ledger, type Push } from './push/ledger.js'

/** What `remoteWrite()` takes. */
export interface RemoteWriteOptions {
  /** Where the receiver is: `http://prometheus:9090/api/v1/write`. */
  readonly url: string
  /** Everything is sent so often, in milliseconds; less than the five minutes that Prometheus looks back. Default: 15 000. */
  readonly intervalMs?: number
  /** Labels that every series gets, such as `job` and `instance`; a row's own label of the name goes before. */
  readonly labels?: Readonly<Record<string, string>>
  /** Such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Longest time for one request, in milliseconds. Default: 30 000. */
  readonly timeoutMs?: number
  /** What fails is tried again after so long, in milliseconds, then twice as long. Default: 250. */
  readonly retryMs?: number
  /** Whether all series are ended when it is closed. Default: false, so that a restart resolves nothing. */
  readonly endOnClose?: boolean
  /** Told what happens, for a log. What it throws becomes a process warning. */
  readonly onEvent?: (event: RemoteWriteEvent) => void
  /** Default: the global one. */
  readonly fetch?: (url: string, request: RequestInit) => Promise<Response>
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number
}

/** What happens when series are sent. */
export type RemoteWriteEvent =
  /** All series of an interval were taken. */
  | { readonly type: 'sent'; readonly series: number; readonly ended: number }
  /** A request could not be made, or its answer asks to try again: it is, until the next interval has something newer to say. */
  | { readonly type: 'retry'; readonly problem: string; readonly attempt: number }
  /** The receiver will not have a request, and would not later: those series are missing there. */
  | { readonly type: 'refused'; readonly status: number; readonly problem: string; readonly series: number }

/** A running remote write; made by `remoteWrite()`. */
export interface RemoteWrite extends AsyncDisposable {
  /** Sends everything now, once what is under way is over. Resolves when it was taken, refused, or given up until the next interval. */
  flush(): Promise<void>
  /** Stops; with `endOnClose`, ends all series first. Idempotent. */
  close(): Promise<void>
}

const attemptsPerInterval = 3

/**
 * Sends all series of a bridge to a receiver of Prometheus remote write 1.0, again and again, and ends there those that are gone here.
 * For where nobody can scrape. The receiver has the state of the last interval that it took; a failure is made up for by the next one.
 *
 * Throws `INVALID_OPTION`.
 *
 * @example
 * const push = remoteWrite(b, { url: 'http://prometheus:9090/api/v1/write', labels: { job: 'event_exporter' } })
 * await push.close()
 */
export function remoteWrite(bridge: Pick<Bridge, 'samples'>, options: RemoteWriteOptions): RemoteWrite {
  const { url, intervalMs = 15_000, timeoutMs = 30_000, retryMs = 250, labels = {} } = options
  if (typeof url !== 'string' || !/^https?:\/\//.test(url) || !URL.canParse(url))
    throw invalidOption('url', url, 'an http:// or https:// URL')
  for (const [name, value] of Object.entries({ intervalMs, timeoutMs, retryMs }))
    if (!(Number.isFinite(value) && value > 0)) throw invalidOption(name, value, 'milliseconds, more than 0')
  for (const name of Object.keys(labels))
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name))
      throw invalidOption('labels', labels, 'names of letters, digits and _, and no digit first')
  return new Writer(bridge, { ...options, intervalMs, timeoutMs, retryMs, labels })
}

type Complete = RemoteWriteOptions &
  Required<Pick<RemoteWriteOptions, 'intervalMs' | 'timeoutMs' | 'retryMs' | 'labels'>>

class Writer implements RemoteWrite {
  readonly #bridge: Pick<Bridge, 'samples'>
  readonly #options: Complete
  readonly #ledger: Ledger
  readonly #abort = new AbortController()
  #work: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined

  constructor(bridge: Pick<Bridge, 'samples'>, options: Complete) {
    this.#bridge = bridge
    this.#options = options
    this.#ledger = new Ledger(options.labels)
    this.#schedule()
  }

  flush(): Promise<void> {
    this.#work = this.#work.then(() => this.#send(this.#bridge.samples()))
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
      await this.#send([])
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

  /** Never rejects. */
  async #send(samples: Parameters<Ledger['pushes']>[0]): Promise<void> {
    const { now = Date.now } = this.#options
    let [series, ended, isWhole] = [0, 0, true]
    for (const push of this.#ledger.pushes(samples, now())) {
      if (this.#abort.signal.aborted) return
      const isTaken = await this.#deliver(push)
      isWhole &&= isTaken
      series += push.live.length
      ended += push.ended.length
    }
    if (isWhole) this.#report({ type: 'sent', series, ended })
  }

  async #deliver(push: Push): Promise<boolean> {
    const body = compress(Buffer.concat(push.fields))
    this.#ledger.sending(push)
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#post(body)
      if (outcome === 'taken') {
        this.#ledger.settled(push)
        return true
      }
      if ('status' in outcome) {
        this.#ledger.settled(push)
        this.#report({ type: 'refused', ...outcome, series: push.fields.length })
        return false
      }
      if (this.#abort.signal.aborted) return false
      this.#report({ type: 'retry', problem: outcome.problem, attempt })
      if (attempt >= attemptsPerInterval) return false
      await this.#pause(outcome.afterMs ?? this.#options.retryMs * 2 ** (attempt - 1))
    }
  }

  async #post(
    body: Uint8Array,
  ): Promise<
    | 'taken'
    | { readonly status: number; readonly problem: string }
    | { readonly problem: string; readonly afterMs?: number }
  > {
    const { url, headers = {}, timeoutMs, fetch = globalThis.fetch } = this.#options
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          ...headers,
          'content-encoding': 'snappy',
          'content-type': 'application/x-protobuf',
          'user-agent': 'mzalert-prom-bridge',
          'x-prometheus-remote-write-version': '0.1.0',
        },
        body: new Uint8Array(body),
        signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(timeoutMs)]),
      })
      const problem = (await response.text()).trim().slice(0, 500)
      if (response.ok) return 'taken'
      const { status } = response
      if (status < 500 && status !== 429) return { status, problem }
      const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
      const told = Number.isFinite(seconds)
        ? { afterMs: Math.min(seconds * 1000, this.#options.intervalMs) }
        : {}
      return { problem: `${status} ${problem}`, ...told }
    } catch (error) {
      const { message, cause } = error as Error
      return { problem: cause instanceof Error ? cause.message : message }
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
