import type { GeneratedEvent, Sink } from '../types.js'
import { sink } from './contract.js'

/** A sink that keeps what it is sent. */
export interface MemorySink extends Sink {
  /** Every event, in order. */
  readonly events: readonly GeneratedEvent[]
  /** The same by send. */
  readonly batches: readonly (readonly GeneratedEvent[])[]
}

/** Keeps every event in memory, for tests. It never fails, and never forgets. */
export function memory(): MemorySink {
  const events: GeneratedEvent[] = []
  const batches: (readonly GeneratedEvent[])[] = []
  const { send, close } = sink({
    name: 'memory',
    send: async batch => {
      for (const event of batch) events.push(event)
      batches.push([...batch])
    },
    close: async () => undefined,
  })
  return { events, batches, send, close }
}
