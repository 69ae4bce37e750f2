import type { Writable } from 'node:stream'
import { unlessStopped } from '../delivery/clock.js'
import { invalidOption, reasonOf, sendFailed } from '../errors.js'
import type { Sink } from '../types.js'
import { record } from './record.js'

/** What `ndjson()` takes. */
export interface NdjsonOptions {
  /**
   * Where the lines go, such as `process.stdout`; it stays its owner's, and is not ended. A function is called for every batch, so that a
   * stream that broke may be replaced.
   */
  readonly stream: Writable | (() => Writable)
  /** Default: `ndjson`. */
  readonly name?: string
  /** Longest time for a write, in milliseconds. Default: 10 000. */
  readonly timeoutMs?: number
}

/**
 * A line of JSON for each change of an alert, for vector, fluent-bit or jq. One write a batch, which is over when the stream has let go of
 * it, so that a slow reader slows the sender down. While the reader is gone, alerts wait.
 */
export function ndjson({ stream, name = 'ndjson', timeoutMs }: NdjsonOptions): Sink {
  if (typeof stream !== 'function' && typeof stream?.write !== 'function')
    throw invalidOption('stream', stream, 'a writable stream, or a function that gives one')
  /** What is listened to, and how that ends. */
  const heardOf = new Map<Writable, () => void>()
  // The write's own callback has the error; without a listener the same error would end the process.
  const ignore = (): void => undefined
  const listen = (target: Writable): void => {
    if (heardOf.has(target)) return
    const forget = (): void => {
      target.off('error', ignore).off('close', forget)
      heardOf.delete(target)
    }
    heardOf.set(target, forget)
    // No error comes after it: of the many streams that a function may give, only the open ones are held.
    target.on('error', ignore).on('close', forget)
  }
  if (typeof stream !== 'function') listen(stream)
  let before: { readonly target: Writable; readonly written: Promise<void> } | undefined
  return {
    name,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    send: async (alerts, { nowMs, signal }) => {
      const target = typeof stream === 'function' ? stream() : stream
      listen(target)
      // What was given to a stream cannot be taken back: while it is stuck, it is given no more.
      if (before?.target === target)
        await unlessStopped(
          signal,
          before.written.catch(() => {}),
        )
      signal.throwIfAborted()
      const at = new Date(nowMs).toISOString()
      const lines = alerts.map(alert => `${JSON.stringify({ at, reason: alert.reason, ...record(alert) })}\n`)
      try {
        before = { target, written: written(target, lines.join('')) }
        await before.written
      } catch (cause) {
        throw sendFailed(`The stream of sink ${JSON.stringify(name)} took nothing: ${reasonOf(cause)}.`, {
          cause,
        })
      }
    },
    close: async () => {
      // A stream that is being destroyed says why a little later.
      await new Promise(resolve => setImmediate(resolve))
      for (const forget of heardOf.values()) forget()
    },
  }
}

function written(target: Writable, text: string): Promise<void> {
  // A stream that failed before may never call back.
  if (target.errored) return Promise.reject(target.errored)
  return new Promise((resolve, reject) => {
    target.write(text, error => (error ? reject(error) : resolve()))
  })
}
