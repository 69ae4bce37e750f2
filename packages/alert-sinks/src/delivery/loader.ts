import type { Clock } from '@mzalert/tail-client'
import { SinksError, stateFailed } from '../errors.js'
import type { StateStore } from '../types.js'
import { type Backoff, backoffMs } from './backoff.js'
import { pause, unlessStopped, within } from './clock.js'
import { decodeState, type State } from './state.js'

/** What loading has around it. */
export interface LoaderSurroundings {
  readonly store: StateStore
  readonly name: string
  readonly clock: Clock
  /** How long an attempt may take. */
  readonly timeoutMs: number
  readonly backoff: Backoff
  readonly random: () => number
  readonly signal: AbortSignal
  readonly onError: (error: SinksError) => void
}

/**
 * What another process stored; undefined if nothing was, or if `signal` came first. A store that cannot be reached, or hangs, is tried
 * again: without what it has, nobody would hear of what ended meanwhile. Throws `STATE_CORRUPT`, and what is no use to try again.
 */
export async function loadState(surroundings: LoaderSurroundings): Promise<State | undefined> {
  const { store, name, clock, timeoutMs, backoff, random, signal, onError } = surroundings
  const late = (): never => {
    throw new Error(`It took more than ${timeoutMs} ms.`)
  }
  for (let attempt = 1; !signal.aborted; attempt++)
    try {
      const text = await within(clock, timeoutMs, unlessStopped(signal, store.load(name)), late)
      return text === undefined ? undefined : decodeState(text, `The stored state of ${JSON.stringify(name)}`)
    } catch (error) {
      if (SinksError.is(error) && !error.retryable) throw error
      onError(SinksError.is(error) ? error : stateFailed('Loading the state', error))
      await pause(clock, backoffMs(attempt, undefined, backoff, random), signal)
    }
  return undefined
}
