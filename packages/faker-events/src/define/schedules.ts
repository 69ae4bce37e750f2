import { between, whole, wholeOrEndless } from '../options.js'
import type { Random } from '../random.js'

/** When a stream's events come. */
export interface Schedule {
  /** How many there are; `Infinity` for no end. */
  readonly count: number
  /**
   * When slot `index` comes, in milliseconds from the origin (negative: before it), not smaller than the one before.
   * Slots are multiplied, not added up: the millionth is as exact as the first. `random` is the event's own.
   */
  readonly atMs: (index: number, random: Random) => number
}

const yearMs = 31_536_000_000

/** What lies in the past when the scenario begins: `events` in all, spread at random over `spanMs` before the origin. */
export function past({ events, spanMs }: { readonly events: number; readonly spanMs: number }): Schedule {
  whole('events', events, 0, 10_000_000)
  whole('spanMs', spanMs, 1, yearMs)
  const slot = (index: number): number => Math.floor((index * spanMs) / events)
  return {
    count: events,
    atMs: (index, random) =>
      slot(index) - spanMs + Math.floor(random.unit() * (slot(index + 1) - slot(index))),
  }
}

/**
 * `perSecond` (0.000 001 to 1 000 000; 0 for none) for ever, each off its slot by at most `jitter`, a part of the slot
 * from 0 to 1. Default: 0.
 */
export function steady({
  perSecond,
  jitter = 0,
}: {
  readonly perSecond: number
  readonly jitter?: number
}): Schedule {
  if (perSecond !== 0) between('perSecond', perSecond, 0.000_001, 1_000_000)
  between('jitter', jitter, 0, 1)
  const slot = (index: number): number => (index * 1000) / perSecond
  return {
    count: perSecond === 0 ? 0 : Number.POSITIVE_INFINITY,
    atMs: (index, random) => jittered(slot, index, jitter, random),
  }
}

function jittered(slot: (index: number) => number, index: number, jitter: number, random: Random): number {
  const next = slot(index + 1)
  const due = slot(index) + random.unit() * jitter * (next - slot(index))
  // Rounding may carry a sum past the next slot, where it would overtake the next event.
  return Math.floor(Math.min(due, next))
}

/** How many at once, and when. */
export interface Bursts {
  /** Of one burst, all at one time; 0 for no bursts. */
  readonly events: number
  /** From the origin to the first. Default: 0. */
  readonly firstMs?: number
  /** From one to the next. */
  readonly everyMs: number
  /** How many. Default: `Infinity`. */
  readonly bursts?: number
}

/** Many at once, again and again. */
export function bursts({
  events,
  firstMs = 0,
  everyMs,
  bursts: count = Number.POSITIVE_INFINITY,
}: Bursts): Schedule {
  whole('events', events, 0, 1_000_000)
  whole('firstMs', firstMs, 0, yearMs)
  whole('everyMs', everyMs, 1, yearMs)
  wholeOrEndless('bursts', count, 1_000_000_000)
  return {
    count: events === 0 ? 0 : count * events,
    atMs: index => firstMs + Math.floor(index / events) * everyMs,
  }
}

/** A time with a rate of its own: 0 is a gap, a high one a surge. */
export interface Phase {
  readonly forMs: number
  /** 0 to 1 000 000. */
  readonly perSecond: number
}

/** Times with different rates, in rounds. */
export interface Phases {
  /** One after the other, from the origin on. */
  readonly phases: readonly Phase[]
  /** How often. Default: `Infinity`. */
  readonly rounds?: number
  /** As in `steady`. Default: 0. */
  readonly jitter?: number
}

/** Rates that change: surges and gaps, in rounds. A phase has as many whole slots as fit into it. */
export function phases({ phases: all, rounds = Number.POSITIVE_INFINITY, jitter = 0 }: Phases): Schedule {
  between('jitter', jitter, 0, 1)
  wholeOrEndless('rounds', rounds, 1_000_000_000)
  whole('phases.length', all.length, 1, 10_000)
  const laid: {
    readonly startMs: number
    readonly first: number
    readonly events: number
    readonly perSecond: number
  }[] = []
  let roundMs = 0
  let perRound = 0
  for (const { forMs, perSecond } of all) {
    whole('forMs', forMs, 1, yearMs)
    between('perSecond', perSecond, 0, 1_000_000)
    const events = Math.floor((forMs * perSecond) / 1000)
    if (events > 0) laid.push({ startMs: roundMs, first: perRound, events, perSecond })
    roundMs += forMs
    perRound += events
  }
  const atMs = (index: number, random: Random): number => {
    const round = Math.floor(index / perRound)
    const inRound = index - round * perRound
    const phase = laid.find(({ first, events }) => inRound < first + events)
    if (phase === undefined) throw new RangeError('A slot outside of all phases was asked for.')
    const slot = (position: number): number => (position * 1000) / phase.perSecond
    return round * roundMs + phase.startMs + jittered(slot, inRound - phase.first, jitter, random)
  }
  return { count: perRound === 0 ? 0 : rounds * perRound, atMs }
}
