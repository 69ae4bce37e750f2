import type { GeneratedEvent } from '../types.js'

/** When an event is sent. */
export function arrivalMs({ arrivesMs, timestampMs }: GeneratedEvent): number {
  return arrivesMs ?? timestampMs
}
