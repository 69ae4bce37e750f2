import type { Clock } from '@mzalert/tail-client'
import { reasonOf, SinksError, sendFailed, sendRejected, sendTimeout } from '../errors.js'
import type { Alert, SendContext, Sink } from '../types.js'

/** Longer than this no sink is waited for, whatever it asks. */
const longestAskedMs = 3_600_000

/** What one call of a sink has around it. */
export interface CallSurroundings {
  readonly clock: Clock
  readonly nowMs: number
  readonly timeoutMs: number
  /** Aborts the call. */
  readonly stop: AbortSignal
  readonly onFallback: NonNullable<SendContext['onFallback']>
}

/** Calls a sink once; gives why it failed, or undefined. Never rejects, and never takes longer than it may. */
export async function callSink(
  { name, send }: Pick<Sink, 'name' | 'send'>,
  alerts: readonly Alert[],
  { clock, nowMs, timeoutMs, stop, onFallback }: CallSurroundings,
): Promise<SinksError | undefined> {
  const abort = new AbortController()
  const { signal } = abort
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  const onStop = (): void => abort.abort(sendFailed(`Sink ${JSON.stringify(name)} was closed.`))
  stop.addEventListener('abort', onStop, { once: true })
  if (stop.aborted) onStop()
  const timer = clock.setTimer(() => abort.abort(sendTimeout(name, timeoutMs)), timeoutMs)
  try {
    // A sink that throws before it awaits, or gives nothing to await, is as good as any.
    const sent = Promise.resolve().then(() => send(alerts, { signal, nowMs, onFallback }))
    await Promise.race([sent, aborted])
    return undefined
  } catch (reason) {
    return signal.aborted ? signal.reason : ownError(name, reason)
  } finally {
    timer.clear()
    stop.removeEventListener('abort', onStop)
  }
}

/** Whatever a sink throws, as an error of ours: tried again unless it says otherwise. */
function ownError(sink: string, reason: unknown): SinksError {
  if (SinksError.is(reason) && reason.code.startsWith('SEND_')) return reason
  const sentence = `Sink ${JSON.stringify(sink)} failed: ${reasonOf(reason)}.`
  const { retryable, retryAfterMs } = Object(reason) as {
    readonly retryable?: unknown
    readonly retryAfterMs?: unknown
  }
  // Another of our own errors is about how the sink is set up, not about an alert.
  if (retryable === false && !SinksError.is(reason)) return sendRejected(sentence, reason)
  return sendFailed(sentence, { cause: reason, retryAfterMs: askedMs(retryAfterMs) })
}

function askedMs(given: unknown): number | undefined {
  return typeof given === 'number' && given >= 0 ? Math.min(given, longestAskedMs) : undefined
}
