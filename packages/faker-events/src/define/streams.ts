import type { Random } from '../random.js'
import type { EventStream, GeneratedEvent } from '../types.js'
import type { Schedule } from './schedules.js'

/** Where a stream stands in its scenario. */
export interface StreamPlace {
  readonly name: string
  /** What its events go to unless they say otherwise. */
  readonly topic: string
  /** The scenario's. */
  readonly seed: number
  /** The stream's own sequence of random numbers. */
  readonly random: Random
}

/** Makes a stream, once its place in a scenario is known. */
export type StreamMaker<Value> = (place: StreamPlace) => EventStream<Value>

/** What an event says, without where it stands. */
export interface EventContent<Value> {
  readonly key: string
  readonly value: Value
}

/** The event that is to be made. */
export interface Moment {
  /** The event's own sequence: what it draws, nobody else misses. */
  readonly random: Random
  readonly index: number
  /** Epoch milliseconds. */
  readonly timestampMs: number
  /** The stream's sequence, for what several events have in common: `shared.split('rounds').at(3)`. */
  readonly shared: Random
}

/** When events come, and what each of them says. */
export interface ScheduledOptions<Value> {
  readonly schedule: Schedule
  readonly event: (moment: Moment) => EventContent<Value>
  /** Instead of the scenario's. */
  readonly topic?: string
}

/** A stream of independent events, one for each slot of a schedule. */
export function scheduled<Value>({
  schedule,
  event,
  topic: own,
}: ScheduledOptions<Value>): StreamMaker<Value> {
  return ({ name, topic, seed, random: shared }) => ({
    name,
    count: schedule.count,
    at: (index: number, originMs: number): GeneratedEvent<Value> => {
      const random = shared.at(index)
      const timestampMs = originMs + schedule.atMs(index, random)
      const { key, value } = event({ random, index, timestampMs, shared })
      return { stream: name, index, seed, originMs, timestampMs, topic: own ?? topic, key, value }
    },
  })
}
