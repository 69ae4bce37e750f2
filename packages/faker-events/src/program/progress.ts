import { reasonOf } from '../errors.js'
import type { LateNotice, RetryNotice, RunStats, SentBatch } from '../run.js'

const everyMs = 1000
const clearLine = '\r\u001b[K'

/** Where it is shown. */
export type Screen = NodeJS.WritableStream & { readonly isTTY?: boolean | undefined }

/** What the program knows of its run, and shows of it while it goes on. */
export class Progress {
  /** Events with each fault, and how many were dropped. */
  readonly faults: Record<string, number> = {}
  readonly #screen: Screen
  readonly #timer: NodeJS.Timeout | undefined
  #stats: RunStats | undefined
  #trouble = ''
  #before = 0

  /** A line a second, the last one in place of the one before where that is a terminal; `shows`: whether at all. */
  constructor(screen: Screen, shows: boolean) {
    this.#screen = screen
    if (shows) this.#timer = setInterval(() => this.#show(), everyMs)
  }

  /** Totals so far; undefined before anything has happened. */
  get stats(): RunStats | undefined {
    return this.#stats
  }

  sent({ events, stats }: SentBatch): void {
    this.#stats = stats
    this.#trouble = ''
    for (const { headers = {} } of events) {
      const { fault, dropped } = headers
      if (fault !== undefined) this.#count(fault, 1)
      if (dropped !== undefined) this.#count('dropped', Number(dropped))
    }
  }

  late({ stats }: LateNotice): void {
    this.#stats = stats
  }

  retries({ stats, attempt, delayMs, error }: RetryNotice): void {
    this.#stats = stats
    this.#trouble = `; attempt ${attempt + 1} in ${delayMs} ms: ${reasonOf(error).replaceAll(/\s+/g, ' ')}`
  }

  end(): void {
    clearInterval(this.#timer)
    if (this.#timer && this.#screen.isTTY) this.#screen.write(clearLine)
  }

  #count(fault: string, by: number): void {
    this.faults[fault] = (this.faults[fault] ?? 0) + by
  }

  #show(): void {
    if (this.#stats === undefined) return
    const { events, late, retries } = this.#stats
    const line = `${events} events, ${events - this.#before}/s, ${late} late, ${retries} retries${this.#trouble}`
    this.#screen.write(this.#screen.isTTY ? `${clearLine}${line}` : `${line}\n`)
    this.#before = events
  }
}
