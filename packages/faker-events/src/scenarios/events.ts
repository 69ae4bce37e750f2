import { arrivalMs } from '../define/arrival.js'
import { timeRange, whole } from '../options.js'
import type { EventStream, GeneratedEvent, Scenario, TimeRange } from '../types.js'

interface Head<Value> {
  readonly rest: Iterator<GeneratedEvent<Value>, void>
  event: GeneratedEvent<Value>
}

/**
 * A scenario's events in the order in which they are sent, from its past to `to` (exclusive) or for ever; lazily, one
 * at a time. Events of one time come in the order of the scenario's streams. The first `startAt` of them are left out,
 * for going on where something stopped. `INVALID_OPTION`, at once, if the range is none.
 */
export function events<Value>(
  scenario: Scenario<Value>,
  range: TimeRange,
): Generator<GeneratedEvent<Value>, void, undefined> {
  const { from, to } = timeRange(range)
  const startAt = whole('startAt', range.startAt ?? 0, 0, Number.MAX_SAFE_INTEGER)
  return merged(scenario.streams, from, to, startAt)
}

function* merged<Value>(
  streams: readonly EventStream<Value>[],
  from: number,
  to: number,
  startAt: number,
): Generator<GeneratedEvent<Value>, void, undefined> {
  let { indexes, skipped } = leap(streams, from, startAt)
  const heads: Head<Value>[] = []
  for (const [position, stream] of streams.entries()) {
    const rest = stream.read?.(from) ?? inOrder(stream, from, indexes[position] ?? 0)
    const first = rest.next().value
    if (first) heads.push({ rest, event: first })
  }
  for (let head = earliest(heads); head !== undefined && arrivalMs(head.event) < to; head = earliest(heads)) {
    if (skipped < startAt) skipped++
    else yield head.event
    const next = head.rest.next().value
    if (next) head.event = next
    else heads.splice(heads.indexOf(head), 1)
  }
}

function* inOrder<Value>(
  { at, count }: EventStream<Value>,
  from: number,
  first: number,
): Generator<GeneratedEvent<Value>, void, undefined> {
  for (let index = first; index < count; index++) yield at(index, from)
}

function earliest<Value>(heads: readonly Head<Value>[]): Head<Value> | undefined {
  let first = heads[0]
  for (const head of heads) if (first && arrivalMs(head.event) < arrivalMs(first.event)) first = head
  return first
}

/**
 * How far each stream can be left out at once, so that not more than `startAt` events are: the last time before which
 * that many have come is found by bisection, since every event of a stream can be made by itself. Where one cannot,
 * nothing is left out here.
 */
function leap(
  streams: readonly EventStream[],
  from: number,
  startAt: number,
): { readonly indexes: readonly number[]; readonly skipped: number } {
  const none = { indexes: [], skipped: 0 }
  if (startAt === 0 || streams.some(({ read }) => read)) return none
  const before = (timeMs: number): readonly number[] =>
    streams.map(({ at, count }) =>
      bisect(Math.min(count, startAt + 1), index => at(index, from).timestampMs < timeMs),
    )
  const sum = (indexes: readonly number[]): number => indexes.reduce((total, index) => total + index, 0)
  const timeMs = bisect(Number.MAX_SAFE_INTEGER, time => sum(before(time + 1)) <= startAt)
  const indexes = before(timeMs)
  const skipped = sum(indexes)
  return skipped > startAt ? none : { indexes, skipped }
}

/** How many of the numbers from 0 to `limit` - 1 `holds` is true for, where it is true for the first ones and no others. */
function bisect(limit: number, holds: (number: number) => boolean): number {
  let [low, high] = [0, limit]
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2)
    if (holds(middle)) low = middle + 1
    else high = middle
  }
  return low
}
