/** Where a stream is. `since` is the clock's milliseconds when the phase began. */
export interface TailStatus {
  readonly phase: 'idle' | 'connecting' | 'snapshot' | 'live' | 'waiting' | 'ended'
  readonly sinceMs: number
  /** Everything below it has been yielded; 0 before the snapshot. */
  readonly frontier: bigint
  readonly reconnects: number
  /** Updates that a resumed stream sent again though they are below the frontier; they were dropped. */
  readonly repeatedUpdates: number
  /** Updates that were left out because the schema refused their row (`onInvalidRow: 'skip'`). */
  readonly invalidRows: number
  readonly bufferedBytes: number
  /** Whether the socket is not read because too much waits for the consumer. */
  readonly isPaused: boolean
}
