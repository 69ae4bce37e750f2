import { EventsError, sinkBusy, sinkClosed, sinkFailed } from '../errors.js'
import { isRetryable } from '../retryable.js'
import type { GeneratedEvent, Sink } from '../types.js'

/** What one kind of destination does; the contract around it is the same for all. */
export interface Edge {
  readonly name: string
  /** Never called with no events, twice at a time, or after `close`. */
  readonly send: (events: readonly GeneratedEvent[]) => Promise<void>
  readonly close: () => Promise<void>
  /** Whether the same events may be taken later. Default: what the error says of itself. */
  readonly retryable?: (error: unknown) => boolean
}

/**
 * A sink that keeps the contract: one send at a time (`SINK_BUSY`), none after `close` (`SINK_CLOSED`), every
 * other failure an `EventsError` with its cause (`SINK_FAILED`).
 */
export function sink(edge: Edge): Sink {
  let inFlight: Promise<void> | undefined
  let closing: Promise<void> | undefined
  const attempt = async (events: readonly GeneratedEvent[]): Promise<void> => {
    try {
      await edge.send(events)
    } catch (error) {
      if (EventsError.is(error)) throw error
      throw sinkFailed(edge.name, error, (edge.retryable ?? isRetryable)(error))
    }
  }
  const finish = async (): Promise<void> => {
    // Whoever awaits the send hears of its failure; closing only waits for its end.
    await inFlight?.catch(() => undefined)
    await edge.close()
  }
  return {
    send: async events => {
      if (closing) throw sinkClosed(edge.name)
      if (inFlight) throw sinkBusy(edge.name)
      if (events.length === 0) return
      inFlight = attempt(events)
      try {
        await inFlight
      } finally {
        inFlight = undefined
      }
    },
    close: () => {
      closing ??= finish()
      return closing
    },
  }
}
