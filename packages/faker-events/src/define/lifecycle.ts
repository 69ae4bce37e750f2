import { type Draw, oneOf } from '../distributions.js'
import type { Random } from '../random.js'
import type { EventStream, GeneratedEvent } from '../types.js'
import { Queue } from './queue.js'
import type { Schedule } from './schedules.js'
import type { EventContent, StreamMaker } from './streams.js'

/** An instance that enters a state. */
export interface Step<State extends string> {
  /** The step's own sequence of random numbers. */
  readonly random: Random
  /** The instance's own: the same numbers in each of its steps. */
  readonly life: Random
  /** Which instance, from 0. */
  readonly instance: number
  /** Which of its steps, from 0. */
  readonly step: number
  readonly state: State
  /** Where it was before; undefined at its beginning. */
  readonly previous: State | undefined
  /** From the scenario's origin to this step. */
  readonly sinceOriginMs: number
  /** Epoch milliseconds. */
  readonly timestampMs: number
}

/** What a state decides from: a step, without when that is by the calendar. */
export type Situation<State extends string> = Omit<Step<State>, 'timestampMs'>

/** How long an instance stays in a state, and where it goes then. */
export interface StateOptions<State extends string> {
  /** How long an instance stays, at least 1 ms. Default: 1. */
  readonly dwellMs?: Draw | ((random: Random, situation: Situation<State>) => number)
  /** Where it goes then, by whole-number weights; nowhere if it is left out, and its life is over. */
  readonly to?: Weights<State> | ((situation: Situation<State>) => Weights<State>)
}

/** States by how often they are gone to. */
export type Weights<State extends string> = Readonly<Partial<Record<State, number>>>

/** Instances that begin by a schedule and go through states, and what is sent at each step. */
export interface LifecycleOptions<State extends string, Value> {
  /** When each instance begins. */
  readonly begins: Schedule
  readonly initial: NoInfer<State>
  readonly states: Readonly<Record<State, StateOptions<NoInfer<State>>>>
  /** What is sent when an instance enters a state; undefined for nothing. */
  readonly event: (step: Step<NoInfer<State>>) => EventContent<Value> | undefined
  /** Instead of the scenario's. */
  readonly topic?: string
}

/**
 * A stream of instances that go through states: orders that are paid and shipped, services that fail and recover.
 * Events come in order of time, then by instance. An instance's path is a function of (seed, stream, instance) and of
 * nothing else; an event's index is its position in the stream.
 */
export function lifecycle<State extends string, Value>(
  options: LifecycleOptions<State, Value>,
): StreamMaker<Value> {
  return place => {
    const { name: stream, seed } = place
    const topic = options.topic ?? place.topic
    function* read(originMs: number): Generator<GeneratedEvent<Value>, void, undefined> {
      let index = 0
      for (const situation of situations(options, place.random)) {
        const timestampMs = originMs + situation.sinceOriginMs
        const content = options.event({ ...situation, timestampMs })
        if (content === undefined) continue
        const { key, value } = content
        yield { stream, index, seed, originMs, timestampMs, topic, key, value }
        index++
      }
    }
    const at: EventStream<Value>['at'] = (index, originMs) => {
      for (const event of read(originMs)) if (event.index === index) return event
      throw new RangeError(`The stream ${stream} ends before ${index}.`)
    }
    return { name: stream, count: options.begins.count === 0 ? 0 : Number.POSITIVE_INFINITY, at, read }
  }
}

/** Every step of every instance, in order of time. */
function* situations<State extends string, Value>(
  { begins, initial, states }: LifecycleOptions<State, Value>,
  random: Random,
): Generator<Situation<State>, void, undefined> {
  const picker = pickers()
  const alive = new Queue<Situation<State>>(
    (one, other) =>
      one.sinceOriginMs < other.sinceOriginMs ||
      (one.sinceOriginMs === other.sinceOriginMs && one.instance < other.instance),
  )
  const born = (instance: number): Situation<State> | undefined => {
    if (instance >= begins.count) return undefined
    const life = random.at(instance)
    const sinceOriginMs = begins.atMs(instance, life.split('begin'))
    return { random: life.at(0), life, instance, step: 0, state: initial, previous: undefined, sinceOriginMs }
  }
  let next = born(0)
  for (;;) {
    // Who begins when others take a step goes after them, unless it has the smaller number, which it never has.
    while (next && (alive.first === undefined || next.sinceOriginMs < alive.first.sinceOriginMs)) {
      alive.add(next)
      next = born(next.instance + 1)
    }
    const situation = alive.take()
    if (situation === undefined) return
    yield situation
    const after = following(situation, states[situation.state], picker)
    if (after !== undefined) alive.add(after)
  }
}

function following<State extends string>(
  situation: Situation<State>,
  { dwellMs = () => 1, to }: StateOptions<State>,
  picker: Picker,
): Situation<State> | undefined {
  const { life, instance, step, state, sinceOriginMs } = situation
  const weights = typeof to === 'function' ? to(situation) : to
  if (weights === undefined) return undefined
  const own = life.at(step).split('leave')
  const stayMs = Math.max(1, Math.floor(dwellMs(own, situation)))
  return {
    random: life.at(step + 1),
    life,
    instance,
    step: step + 1,
    state: picker(weights)(own),
    previous: state,
    sinceOriginMs: sinceOriginMs + stayMs,
  }
}

type Picker = <State extends string>(weights: Weights<State>) => (random: Random) => State

/** Tables of weights, each made once. */
function pickers(): Picker {
  const known = new WeakMap<object, (random: Random) => string>()
  return <State extends string>(weights: Weights<State>) => {
    const made = known.get(weights) ?? oneOf(weights as Readonly<Record<State, number>>)
    known.set(weights, made)
    return made as (random: Random) => State
  }
}
