import { SinksError } from '../../src/errors.js'
import type { Alert, Sink } from '../../src/types.js'
import { alert } from './sink.js'

export const nowMs: number = Date.UTC(2026, 10, 24, 4)
/** An alert that is over. */
export const ended: Alert = alert({ status: 'resolved', endsAtMs: nowMs - 1000 })

export async function send(sink: Sink | undefined, ...alerts: readonly Alert[]): Promise<void> {
  await sink?.send(alerts, { signal: new AbortController().signal, nowMs })
}

export async function errorOf(work: Promise<unknown>): Promise<SinksError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!SinksError.is(error)) throw new Error(`It gave ${String(error)}.`)
  return error
}
