import type { Clock } from '@mzalert/tail-client'
import { reasonOf, SinksError, sendFailed, sendRejected, sendTimeout } from '../errors.js'
import type { Alert, Sink } from '../types.js'

/** What one call of a sink has around it. */
export interface CallSurroundings {
  readonly clock: Clock
  readonly nowMs: number
  readonly timeoutMs: number
  /** Aborts the call. */
  readonly stop: AbortSignal
}

/** Calls a sink once; gives why it failed, or undefined. Never rejects, and never takes longer than it may. */
export async function callSink(
  { name, send }: Pick<Sink, 'name' | 'send'>,
  alerts: readonly Alert[],
  { clock, nowMs, timeoutMs, stop }: CallSurroundings,
): Promise<SinksError | undefined> {
  const abort = new AbortController()
  const aborted = new Promise<never>((_resolve, reject) => {
    abort.signal.addEventListener('abort', () => reject(abort.signal.reason), { once: true })
  })
  const onStop = (): void => abort.abort(sendFailed(`Sink ${JSON.stringify(name)} was closed.`))
  stop.addEventListener('abort', onStop, { once: true })
  if (stop.aborted) onStop()
  const timer = clock.setTimer(() => abort.abort(sendTimeout(name, timeoutMs)), timeoutMs)
  try {
    // A sink that throws before it awaits, or gives nothing to await, is as good as any.
    const sent = Promise.resolve().then(() => send(alerts, { signal: abort.signal, nowMs }))
    await Promise.race([sent, aborted])
    return undefined
  } catch (reason) {
    return abort.signal.aborted ? abort.signal.reason : ownError(name, reason)
  } finally {
    timer.clear()
    stop.removeEventListener('abort', onStop)
  }
}

/** Whatever a sink throws, as an error of ours: tried again unless it says otherwise. */
function ownError(sink: string, reason: unknown): SinksError {
  if (SinksError.is(reason)) return reason
  const sentence = `Sink ${JSON.stringify(sink)} failed: ${reasonOf(reason)}.`
  const isFinal = typeof reason === 'object' && reason !== null && Reflect.get(reason, 'retryable') === false
  return isFinal ? sendRejected(sentence, reason) : sendFailed(sentence, { cause: reason })
}
