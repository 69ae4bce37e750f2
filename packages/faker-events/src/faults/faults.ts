import { arrivalMs } from '../define/arrival.js'
import { Queue } from '../define/queue.js'
import { type Draw, uniform } from '../distributions.js'
import { invalidOption } from '../errors.js'
import { between, filled, whole } from '../options.js'
import { Random } from '../random.js'
import type { EventStream, GeneratedEvent, Scenario } from '../types.js'
import { type Original, originalAt, originals } from './originals.js'

/** What can be wrong with an event: the value of its header `fault`. */
export const faultNames = [
  'late',
  'out-of-order',
  'duplicated',
  'dropped',
  'malformed',
  'clock-skewed',
] as const

/** One of `faultNames`. */
export type Fault = (typeof faultNames)[number]

/** From and to (exclusive), in milliseconds. */
export type Span = readonly [minMs: number, maxMs: number]

/** Which part of all events has which fault, each from 0 to 1, together not more than 1; and how bad it is. */
export interface FaultOptions {
  /** Default: the scenario's. Another seed, other victims. */
  readonly seed?: number
  /** Sent long after it happened. */
  readonly late?: number
  /** Default: 60 000 to 120 000. */
  readonly lateByMs?: Span
  /** Sent a moment after it happened, when others have overtaken it. */
  readonly outOfOrder?: number
  /** Default: 100 to 5000. */
  readonly outOfOrderByMs?: Span
  /** Sent twice; the second copy is the one that is labelled. */
  readonly duplicated?: number
  /** From the first to the second copy. Default: 0 to 5000. */
  readonly duplicatedAfterMs?: Span
  /**
   * Never sent. The next event of the stream says in its header `dropped` how many are missing before it; therefore the
   * last one of a stream that ends is always sent, and so is each ten-thousandth: a stream must not fall silent.
   */
  readonly dropped?: number
  /** Sent as a text that is cut off in the middle and no JSON. */
  readonly malformed?: number
  /** Sent in time by someone whose clock is wrong: its own times are off, `event_ts` and the record's timestamp. */
  readonly clockSkewed?: number
  /** Default: -30 000 to 30 000. */
  readonly clockSkewedByMs?: Span
}

const defaults = {
  late: 0,
  lateByMs: [60_000, 120_000],
  outOfOrder: 0,
  outOfOrderByMs: [100, 5000],
  duplicated: 0,
  duplicatedAfterMs: [0, 5000],
  dropped: 0,
  malformed: 0,
  clockSkewed: 0,
  clockSkewedByMs: [-30_000, 30_000],
} as const satisfies FaultOptions

/** Who has which fault, and by how much. */
interface Plan {
  readonly parts: readonly (readonly [Fault, number])[]
  readonly byMs: Readonly<Partial<Record<Fault, Draw>>>
}

/**
 * The same scenario with faults: a part of its events late, out of order, duplicated, dropped, malformed or with a
 * wrong clock, each labelled in the header `fault`, at most one to an event. Which ones is a function of (seed,
 * stream, index). What the scenario expects takes the faults into account. `INVALID_OPTION` if the parts come to more
 * than 1, or an option is out of its range.
 */
export function withFaults<Story extends Scenario>(scenario: Story, options: FaultOptions): Story {
  const { seed = scenario.seed, ...rest } = options
  whole('seed', seed, 0, Number.MAX_SAFE_INTEGER)
  const plan = planOf(rest)
  const random = Random.of(seed).split('faults').split(scenario.name)
  const streams = scenario.streams.map(stream => faulty(stream, plan, random.split(stream.name)))
  return { ...scenario, streams }
}

function planOf(options: Omit<FaultOptions, 'seed'>): Plan {
  const all: Required<Omit<FaultOptions, 'seed'>> = filled(options, defaults)
  const parts = [
    ['late', between('late', all.late, 0, 1)],
    ['out-of-order', between('outOfOrder', all.outOfOrder, 0, 1)],
    ['duplicated', between('duplicated', all.duplicated, 0, 1)],
    ['dropped', between('dropped', all.dropped, 0, 1)],
    ['malformed', between('malformed', all.malformed, 0, 1)],
    ['clock-skewed', between('clockSkewed', all.clockSkewed, 0, 1)],
  ] as const
  const sum = parts.reduce((total, [, part]) => total + part, 0)
  if (sum > 1 + 1e-9) throw invalidOption('the sum of all parts', sum, 'a number from 0 to 1')
  return {
    parts,
    byMs: {
      late: spanned('lateByMs', all.lateByMs, 0),
      'out-of-order': spanned('outOfOrderByMs', all.outOfOrderByMs, 0),
      duplicated: spanned('duplicatedAfterMs', all.duplicatedAfterMs, 0),
      'clock-skewed': spanned('clockSkewedByMs', all.clockSkewedByMs, -dayMs),
    },
  }
}

const dayMs = 86_400_000

function spanned(name: string, [minMs, maxMs]: Span, least: number): Draw {
  whole(name, minMs, least, dayMs)
  return uniform({ min: minMs, max: whole(name, maxMs, minMs, dayMs) })
}

/** An event that waits to be sent. */
interface Waiting<Value> {
  readonly event: GeneratedEvent<Value>
  readonly arrivesMs: number
  readonly nth: number
}

/** One of so many is never dropped: whoever reads a stream without an end could wait for the next event for ever. */
const sentEach = 10_000

function faulty<Value>(stream: EventStream<Value>, plan: Plan, random: Random): EventStream<Value> {
  const faultAt = (index: number): Fault | undefined => {
    const fault = index < 0 ? undefined : drawn(plan.parts, random.at(index).unit())
    return fault === 'dropped' && (index + 1) % sentEach === 0 ? undefined : fault
  }
  /** What becomes of an event: as many copies as are sent. */
  const sent = ({ event, isLast }: Original<Value>): readonly GeneratedEvent<Value>[] => {
    const fault = faultAt(event.index)
    // The last one stays: nobody else could say how many before it are missing.
    if (fault === 'dropped' && !isLast) return []
    const [first, ...rest] = copies(event, fault, plan, random.at(event.index))
    let dropped = 0
    while (faultAt(event.index - dropped - 1) === 'dropped') dropped++
    return [dropped > 0 ? labelled(first, { dropped: String(dropped) }) : first, ...rest]
  }
  function* read(originMs: number): Generator<GeneratedEvent<Value>, void, undefined> {
    const waiting = new Queue<Waiting<Value>>(
      (one, other) =>
        one.arrivesMs < other.arrivesMs || (one.arrivesMs === other.arrivesMs && one.nth < other.nth),
    )
    let nth = 0
    for (const original of originals(stream, originMs)) {
      // Nothing that comes later can arrive before this one happens.
      while (waiting.first && waiting.first.arrivesMs <= arrivalMs(original.event)) {
        const next = waiting.take()
        if (next) yield next.event
      }
      for (const event of sent(original)) {
        waiting.add({ event, arrivesMs: arrivalMs(event), nth })
        nth++
      }
    }
    for (let next = waiting.take(); next; next = waiting.take()) yield next.event
  }
  const at = (index: number, originMs: number): GeneratedEvent<Value> => {
    const original = originalAt(stream, index, originMs)
    const [first = labelled(original.event, { fault: 'dropped' })] = sent(original)
    return first
  }
  return { name: stream.name, count: stream.count, at, read }
}

/** An event that is sent: once or twice. */
function copies<Value>(
  event: GeneratedEvent<Value>,
  fault: Fault | undefined,
  { byMs }: Plan,
  random: Random,
): readonly [GeneratedEvent<Value>, ...GeneratedEvent<Value>[]] {
  if (fault === undefined || fault === 'dropped') return [event]
  // The first number has decided on the fault; the next ones decide how bad it is.
  random.unit()
  const offMs = Math.floor(byMs[fault]?.(random) ?? 0)
  const bad = labelled(event, { fault })
  switch (fault) {
    case 'late':
    case 'out-of-order':
      return [{ ...bad, arrivesMs: arrivalMs(event) + offMs }]
    case 'duplicated':
      return [event, { ...bad, arrivesMs: arrivalMs(event) + offMs }]
    case 'malformed':
      return [{ ...bad, body: cut(JSON.stringify(event.value), random) }]
    case 'clock-skewed':
      return [
        {
          ...bad,
          timestampMs: event.timestampMs + offMs,
          arrivesMs: arrivalMs(event),
          value: shifted(event.value, Math.floor((event.timestampMs + offMs) / 1000)),
        },
      ]
  }
}

function drawn(parts: Plan['parts'], unit: number): Fault | undefined {
  let sum = 0
  for (const [fault, part] of parts) {
    sum += part
    if (unit < sum) return fault
  }
  return undefined
}

function labelled<Value>(
  event: GeneratedEvent<Value>,
  labels: Readonly<Record<string, string>>,
): GeneratedEvent<Value> {
  return { ...event, headers: { ...event.headers, ...labels } }
}

/** A part of the text: not empty, and not all of it. It is no JSON: to that of a number, which could be one, a point is added. */
function cut(json: string, random: Random): string {
  const part = json.slice(0, 1 + random.below(Math.max(1, json.length - 1)))
  return /^[-\d]/.test(json) ? `${part}.` : part
}

/** The value with another `event_ts`, if it has one. */
function shifted<Value>(value: Value, event_ts: number): Value {
  const has = typeof value === 'object' && value !== null && 'event_ts' in value
  return has ? { ...value, event_ts } : value
}
