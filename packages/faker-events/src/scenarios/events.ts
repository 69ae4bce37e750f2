import { timeRange } from '../options.js'
import type { EventStream, GeneratedEvent, Scenario, TimeRange } from '../types.js'

interface Head<Value> {
  readonly stream: EventStream<Value>
  event: GeneratedEvent<Value>
}

/**
 * A scenario's events in order of time, from its past to `to` (exclusive) or for ever; lazily, one at a time.
 * Events of one time come in the order of the scenario's streams, and within a stream by index.
 * `INVALID_OPTION`, at once, if the range is none.
 */
export function events<Value>(
  scenario: Scenario<Value>,
  range: TimeRange,
): Generator<GeneratedEvent<Value>, void, undefined> {
  const { from, to } = timeRange(range)
  return merged(scenario.streams, from, to)
}

function* merged<Value>(
  streams: readonly EventStream<Value>[],
  from: number,
  to: number,
): Generator<GeneratedEvent<Value>, void, undefined> {
  const heads: Head<Value>[] = streams
    .filter(stream => stream.count > 0)
    .map(stream => ({ stream, event: stream.at(0, from) }))
  for (
    let head = earliest(heads);
    head !== undefined && head.event.timestampMs < to;
    head = earliest(heads)
  ) {
    const { event, stream } = head
    yield event
    if (event.index + 1 < stream.count) head.event = stream.at(event.index + 1, from)
    else heads.splice(heads.indexOf(head), 1)
  }
}

function earliest<Value>(heads: readonly Head<Value>[]): Head<Value> | undefined {
  let first = heads[0]
  for (const head of heads) if (first && head.event.timestampMs < first.event.timestampMs) first = head
  return first
}
