import type { EventStream, GeneratedEvent } from '../types.js'

/** An event before anything is wrong with it. */
export interface Original<Value> {
  readonly event: GeneratedEvent<Value>
  /** Whether its stream ends with it. */
  readonly isLast: boolean
}

/** A stream's events, each with whether it is the last one. */
export function* originals<Value>(
  { at, count, read }: EventStream<Value>,
  originMs: number,
): Generator<Original<Value>, void, undefined> {
  if (read === undefined) {
    for (let index = 0; index < count; index++)
      yield { event: at(index, originMs), isLast: index === count - 1 }
    return
  }
  // Where a stream that is read ends, only the one after its last event tells.
  const rest = read(originMs)
  let event = rest.next().value
  while (event) {
    const next = rest.next().value
    yield { event, isLast: !next }
    event = next
  }
}

/** One of them. A stream that is read is read so far, and throws what its own `at` throws past the end. */
export function originalAt<Value>(
  stream: EventStream<Value>,
  index: number,
  originMs: number,
): Original<Value> {
  if (stream.read === undefined)
    return { event: stream.at(index, originMs), isLast: index === stream.count - 1 }
  for (const original of originals(stream, originMs)) if (original.event.index === index) return original
  return { event: stream.at(index, originMs), isLast: false }
}
