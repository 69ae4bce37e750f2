import { FakeClock } from '@mzalert/tail-client/testing'
import { afterEach } from 'vitest'
import { type Notifier, notify } from '../../src/notify/notifier.js'
import type { Alert, NotifyOptions } from '../../src/types.js'
import type { Row } from './batches.js'
import { TestSink } from './sink.js'
import { settled, TestSource } from './source.js'

/** A notifier on a clock that stands until it is moved; its wall clock is at 1 000 000 ms and moves with it. */
export class Running {
  readonly clock: FakeClock = new FakeClock()
  readonly source: TestSource = new TestSource()
  readonly sink: TestSink
  readonly heard: string[] = []
  readonly notifier: Notifier

  constructor(options: Partial<NotifyOptions<Row>> = {}, sink: TestSink = new TestSink()) {
    this.sink = sink
    this.notifier = notify<Row>(this.source, {
      name: 'spike',
      labels: { org: 'org' },
      annotations: { n: ({ n }) => n ?? '-' },
      sinks: [sink],
      clock: this.clock,
      now: this.now,
      random: () => 0.5,
      ...options,
    })
    const note = (what: string, alert: Alert | undefined): unknown =>
      this.heard.push(`${alert?.labels['org']} ${what}`)
    this.notifier.events.on('firing', alert => note('firing', alert))
    this.notifier.events.on('resolved', alert => note('resolved', alert))
    this.notifier.events.on('updated', alert => note('updated', alert))
    this.notifier.events.on('failed', ({ alert, error }) => note(`failed ${error.code}`, alert))
    this.notifier.events.on('retry', ({ delayMs, error }) =>
      this.heard.push(`retry in ${delayMs} ${error.code}`),
    )
    this.notifier.events.on('storeFailed', ({ code }) => this.heard.push(`store ${code}`))
    this.notifier.events.on('ended', ({ error }) => this.heard.push(`ended ${error?.code ?? 'well'}`))
  }

  readonly now = (): number => 1_000_000 + this.clock.nowMs()

  /** Time passes in steps, and everything that it brings has run. */
  async pass(ms: number, stepMs = 1000): Promise<void> {
    await settled()
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(left, stepMs))
      await settled()
    }
  }

  /** Closes without waiting for the clock to be moved by hand. */
  async close(): Promise<void> {
    let isClosed = false
    const closing = this.notifier.close().finally(() => {
      isClosed = true
    })
    closing.catch(() => {})
    while (!isClosed) await this.pass(1000)
    await closing
  }
}

/** Starts notifiers; the one that was started last is closed after each test. `mayFail`: also where closing is what fails. */
export function closedAfterEach({
  mayFail = false,
}: {
  readonly mayFail?: boolean
} = {}): (options?: Partial<NotifyOptions<Row>>, sink?: TestSink) => Running {
  let running: Running | undefined
  afterEach(async () => {
    const closing = running?.close()
    running = undefined
    await (mayFail ? closing?.catch(() => {}) : closing)
  })
  return (options = {}, sink) => {
    running = new Running(options, sink)
    return running
  }
}
