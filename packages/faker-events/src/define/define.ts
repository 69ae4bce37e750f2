import { invalidOption } from '../errors.js'
import { text, whole } from '../options.js'
import { Random } from '../random.js'
import type { EventStream, Scenario } from '../types.js'
import type { StreamMaker } from './streams.js'

/** Entities of one kind: each is made from its number, from 0, and a sequence of random numbers of its own. */
export interface EntityOptions<Row = unknown> {
  /** 1 to 1 000 000. */
  readonly count: number
  readonly make: (random: Random, index: number) => Row
}

/** Makes entities of one kind; no kind twice. */
export type MakeEntities = <Row>(kind: string, options: EntityOptions<Row>) => readonly Row[]

/** Makes all kinds, one after the other: those that refer to others after these. */
export type EntityCasting = (make: MakeEntities) => Readonly<Record<string, readonly unknown[]>>

/** The rows that events refer to, by kind: how many and how each is made, or how all are made together. */
export type EntityMakers = Readonly<Record<string, EntityOptions | ((random: Random) => readonly unknown[])>>

/** The rows, by kind. */
export type Cast<Makers extends EntityMakers | EntityCasting> = Makers extends (
  make: MakeEntities,
) => infer Rows
  ? Rows
  : {
      readonly [Kind in keyof Makers]: Makers[Kind] extends {
        readonly make: (...given: never[]) => infer Row
      }
        ? readonly Row[]
        : Makers[Kind] extends (random: Random) => infer Rows
          ? Rows
          : never
    }

/** The streams of a scenario, by name. */
export type StreamMakers = Readonly<Record<string, StreamMaker<unknown>>>

/** What the events of some streams say. */
export type ValueOf<Makers extends StreamMakers> =
  Makers[keyof Makers] extends StreamMaker<infer Value> ? Value : never

/** What a scenario is composed of. */
export interface ScenarioDefinition<
  Entities extends EntityMakers | EntityCasting,
  Streams extends StreamMakers,
> {
  readonly name: string
  /** Another seed, another story: a whole number from 0. Default: 1. */
  readonly seed?: number
  /** What events go to whose stream does not say. Default: the name. */
  readonly topic?: string
  /** Makes each kind of entity, from a sequence of random numbers of its own: by itself, or given those before it. */
  readonly entities?: Entities
  /** Makes the streams, given the entities. Where two events have the same time, the earlier stream goes first. */
  readonly streams: (entities: Cast<Entities>) => Streams
}

/** A scenario with the rows that its events refer to. */
export interface DefinedScenario<Entities extends EntityMakers | EntityCasting, Value>
  extends Scenario<Value> {
  readonly entities: Cast<Entities>
}

/**
 * Composes a scenario of entities and streams; the type of its events' values is the union of what the streams give.
 * Every entity kind and every stream has a sequence of random numbers by its name, so that adding one changes nothing
 * in the others. `INVALID_OPTION` if a name is used twice, or an option is out of its range.
 */
export function defineEvents<Entities extends EntityMakers | EntityCasting, Streams extends StreamMakers>(
  definition: ScenarioDefinition<Entities, Streams>,
): DefinedScenario<Entities, ValueOf<Streams>> {
  const name = text('name', definition.name)
  const seed = whole('seed', definition.seed ?? 1, 0, Number.MAX_SAFE_INTEGER)
  const topic = text('topic', definition.topic ?? name)
  const root = Random.of(seed).split(name)
  const cast = castOf(definition.entities ?? {}, root) as Cast<Entities>
  const streams = Object.entries(definition.streams(cast))
  const twice = streams.find(([stream]) => stream in cast)
  if (twice) throw invalidOption('streams', twice[0], 'names that no entities have')
  return {
    name,
    seed,
    entities: cast,
    streams: streams.map(
      ([stream, make]) =>
        make({ name: stream, topic, seed, random: root.split(stream) }) as EventStream<ValueOf<Streams>>,
    ),
  }
}

function castOf(entities: EntityMakers | EntityCasting, root: Random): object {
  if (typeof entities !== 'function')
    return Object.fromEntries(
      Object.entries(entities).map(([kind, maker]) => {
        const random = root.split(kind)
        return [kind, typeof maker === 'function' ? maker(random) : made(maker, random)]
      }),
    )
  const kinds = new Set<string>()
  return entities((kind, options) => {
    if (kinds.has(kind)) throw invalidOption('kind', kind, 'a name that no other entities have')
    kinds.add(kind)
    return made(options, root.split(kind))
  })
}

function made<Row>({ count, make }: EntityOptions<Row>, random: Random): readonly Row[] {
  whole('count', count, 1, 1_000_000)
  return Array.from({ length: count }, (_, index) => make(random.at(index), index))
}
