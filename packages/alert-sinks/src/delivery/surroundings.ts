import type { Clock } from '@mzalert/tail-client'
import type { SinksError, SinksErrorCode } from '../errors.js'
import type { Alert } from '../types.js'
import type { Backoff } from './backoff.js'
import type { Ledger } from './ledger.js'

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
  readonly onFallback: (what: string) => void
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
