import { SinksError } from '../../src/errors.js'
import type { Alert, Sink } from '../../src/types.js'

/** A sink that a test drives: it notes what it is told, and fails as it is told. */
export class TestSink implements Sink {
  readonly name: string
  readonly calls: (readonly Alert[])[] = []
  /** Thrown by each call that begins while it is set. */
  error: unknown
  /** Waited for before a call ends. */
  gate: Promise<void> | undefined
  closes = 0

  constructor(name = 'test', more: Partial<Omit<Sink, 'name' | 'send' | 'close'>> = {}) {
    this.name = name
    Object.assign(this, more)
  }

  readonly send = async (alerts: readonly Alert[]): Promise<void> => {
    const { error, gate } = this
    await gate
    if (typeof error === 'function') error(alerts)
    else if (error !== undefined) throw error
    this.calls.push(alerts)
  }

  readonly close = async (): Promise<void> => {
    this.closes++
  }

  /** What it has been told, in short: `B firing`. */
  get told(): readonly string[] {
    return this.calls.flat().map(({ labels, status }) => `${labels['org']} ${status}`)
  }
}

export function unreachable(retryAfterMs?: number): SinksError {
  return new SinksError('SEND_FAILED', 'Nobody is there.', { retryable: true, retryAfterMs })
}

/** An alert as a sink gets it. */
export function alert(more: Partial<Alert> = {}): Alert {
  return {
    status: 'firing',
    fingerprint: '7109e6baaf2bb206',
    labels: { alertname: 'ok', e: '1' },
    annotations: {},
    links: {},
    generatorURL: undefined,
    startsAtMs: Date.UTC(2026, 10, 24, 3),
    endsAtMs: undefined,
    reason: 'transition',
    ...more,
  }
}
