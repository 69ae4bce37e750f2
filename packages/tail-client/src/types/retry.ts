/** Keeps the attempts of many tails apart; `RetryGate` is one. */
export interface RetryTurns {
  /** The delay for an attempt that would come `delayMs` after `nowMs`: as long, or longer if that moment is taken. */
  reserve(nowMs: number, delayMs: number): number
}

/**
 * How a lost connection is retried: after anything from `minMs` to a mark, which doubles up to `maxMs` with every attempt in a row. Only
 * progress of the stream ends the row: a server that lets us in and dies is waited for like one that is not there.
 */
export interface RetryOptions {
  /** First mark, in milliseconds; four times that for a server that says it is busy or going down. Default: 250. */
  readonly initialMs?: number
  /** Shortest delay, in milliseconds. Default: a fifth of `initialMs`. */
  readonly minMs?: number
  /** Longest delay, in milliseconds. Default: 30 000. */
  readonly maxMs?: number
  /** Gives up with `RETRIES_EXHAUSTED` after so many attempts in a row. Default: never. */
  readonly maxAttempts?: number
  /** Gives up with `RETRIES_EXHAUSTED` when an attempt fails and there was no progress for so long, in milliseconds. Default: never. */
  readonly giveUpAfterMs?: number
  /** Shared by many tails, so that they do not all come back at once. */
  readonly gate?: RetryTurns
}
