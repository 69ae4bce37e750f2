import type { Family } from '../exposition/format.js'

/** What there is to say about a remote write, to whom it writes. */
export class PushHealth {
  #isUp = true
  #takenMs: number | undefined
  readonly #requests = { taken: 0, refused: 0, failed: 0 }

  request(outcome: 'taken' | 'refused' | 'failed'): void {
    this.#requests[outcome]++
  }

  /** An interval is over: whether everything was taken, and when that is. */
  round(isWhole: boolean, nowMs: number): void {
    this.#isUp = isWhole
    if (isWhole) this.#takenMs = nowMs
  }

  families(): readonly Family[] {
    return [
      {
        name: 'mzalert_remote_write_up',
        help: 'Whether everything was taken in the interval before.',
        type: 'gauge',
        samples: [{ labels: {}, value: Number(this.#isUp) }],
      },
      {
        name: 'mzalert_remote_write_last_success_timestamp_seconds',
        help: 'When everything was taken last, in seconds since 1970.',
        type: 'gauge',
        samples: this.#takenMs === undefined ? [] : [{ labels: {}, value: this.#takenMs / 1000 }],
      },
      {
        name: 'mzalert_remote_write_requests_total',
        help: 'Requests to the receiver, by what became of them.',
        type: 'counter',
        samples: Object.entries(this.#requests).map(([outcome, value]) => ({ labels: { outcome }, value })),
      },
    ]
  }
}
