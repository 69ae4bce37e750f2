import { defineEvents } from '../define/define.js'
import { lifecycle, type Situation, type Step, type Weights } from '../define/lifecycle.js'
import { bursts, steady } from '../define/schedules.js'
import type { EventContent } from '../define/streams.js'
import { exponential, normal, uniform } from '../distributions.js'
import { invalidOption } from '../errors.js'
import { between, filled, text, whole } from '../options.js'
import type { Random } from '../random.js'
import type { Scenario } from '../types.js'
import { type Organization, organizations } from './customers.js'
import { incidentExpectations } from './service-alerts.js'

/** A row of the reference table of the `incident` scenario. */
export interface Service {
  /** From 1. */
  readonly service_id: number
  readonly service_name: string
  readonly organization: Organization
}

/** What becomes of a deployment, or of a service: the value of an event of the `incident` scenario. */
export interface ServiceEvent extends Service {
  readonly event_type:
    | 'deployment_created'
    | 'deployment_building'
    | 'deployment_deploying'
    | 'deployment_live'
    | 'deployment_failed'
    | 'deployment_rolled_back'
    | 'service_up'
    | 'service_down'
  /** Of a deployment; null for what a service says of itself. */
  readonly deployment_id: number | null
  /** Whole seconds since 1970: the event's time, rounded down. */
  readonly event_ts: number
}

/** How the `incident` scenario goes. */
export interface IncidentOptions {
  /** Default: 1. */
  readonly seed?: number
  /** 3 to 1000. Default: 6. */
  readonly services?: number
  /** Of all services together. Default: 1. */
  readonly deploysPerSecond?: number
  /** How often a service says that it is up. Default: 5000. */
  readonly heartbeatMs?: number
  /** From incident to incident: calm, failures, silence, flapping, and calm again. Default: 600 000. */
  readonly everyMs?: number
  /** Default: 60 000. */
  readonly calmMs?: number
  /** One service's builds fail. Default: 120 000. */
  readonly failingMs?: number
  /** Another says nothing at all. Default: 60 000. */
  readonly silentMs?: number
  /** A third goes down and up. Default: 60 000. */
  readonly flappingMs?: number
  /** Default: 'incident'. */
  readonly topic?: string
}

/** Streams `deployments` and `status`. */
export interface IncidentScenario extends Scenario<ServiceEvent> {
  readonly services: readonly Service[]
  /** Who has which trouble, by the seed. */
  readonly troubled: Readonly<Record<'failing' | 'silent' | 'flapping', Service>>
  readonly options: Required<IncidentOptions>
  /** Which services must be reported as failing, silent or flapping, and when. */
  readonly expectations: typeof incidentExpectations
}

const defaults: Required<IncidentOptions> = {
  seed: 1,
  services: 6,
  deploysPerSecond: 1,
  heartbeatMs: 5000,
  everyMs: 600_000,
  calmMs: 60_000,
  failingMs: 120_000,
  silentMs: 60_000,
  flappingMs: 60_000,
  topic: 'incident',
}

type Phase = 'calm' | 'failing' | 'silent' | 'flapping'

/**
 * Services deploy and say every so often that they are up. Then builds of one service fail, another falls silent, a
 * third flaps, and all recover; again and again. `INVALID_OPTION` if an option is out of its range.
 */
export function incident(options: IncidentOptions = {}): IncidentScenario {
  const all = checked(options)
  const phaseAt = (sinceOriginMs: number): Phase => {
    const into = sinceOriginMs % all.everyMs
    if (into < all.calmMs) return 'calm'
    if (into < all.calmMs + all.failingMs) return 'failing'
    if (into < all.calmMs + all.failingMs + all.silentMs) return 'silent'
    return into < all.calmMs + all.failingMs + all.silentMs + all.flappingMs ? 'flapping' : 'calm'
  }
  const story = defineEvents({
    name: 'incident',
    seed: all.seed,
    topic: all.topic,
    entities: {
      services: { count: all.services, make: makeService },
      // The order in which trouble comes to them.
      order: random => random.shuffle(Array.from({ length: all.services }, (_, position) => position)),
    },
    streams: ({ services, order: [failing, silent, flapping] }) => {
      const isIn = (phase: Phase, service: number | undefined, of: number, sinceOriginMs: number): boolean =>
        service === of && phaseAt(sinceOriginMs) === phase
      const content = (
        position: number,
        event_type: ServiceEvent['event_type'],
        { sinceOriginMs, timestampMs }: Step<string>,
        deployment_id: number | null,
      ): EventContent<ServiceEvent> | undefined => {
        const service = services[position]
        if (service === undefined || isIn('silent', silent, position, sinceOriginMs)) return undefined
        const event_ts = Math.floor(timestampMs / 1000)
        return { key: String(service.service_id), value: { ...service, event_type, deployment_id, event_ts } }
      }
      const serviceOf = (life: Random): number => life.split('service').below(services.length)
      const builds = ({ life, sinceOriginMs }: Situation<string>): Weights<'deploying' | 'failed'> =>
        isIn('failing', failing, serviceOf(life), sinceOriginMs) ? mostFail : fewFail
      const flaps = ({ instance, sinceOriginMs }: Situation<string>): boolean =>
        isIn('flapping', flapping, instance, sinceOriginMs)
      const beat = uniform({ min: all.heartbeatMs * 0.9, max: all.heartbeatMs })
      return {
        deployments: lifecycle({
          begins: steady({ perSecond: all.deploysPerSecond, jitter: 1 }),
          initial: 'created',
          states: {
            created: { dwellMs: exponential({ mean: 1000 }), to: { building: 1 } },
            building: { dwellMs: normal({ mean: 6000, deviation: 1500 }), to: builds },
            deploying: { dwellMs: normal({ mean: 4000, deviation: 1000 }), to: { live: 97, rolled_back: 3 } },
            live: {},
            failed: {},
            rolled_back: {},
          },
          event: step => content(serviceOf(step.life), `deployment_${step.state}`, step, step.instance + 1),
        }),
        status: lifecycle({
          begins: bursts({ events: all.services, everyMs: 1, bursts: 1 }),
          initial: 'up',
          states: {
            up: {
              dwellMs: (random, situation) => (flaps(situation) ? quick(random) : beat(random)),
              to: situation => (flaps(situation) ? goesDown : goesUp),
            },
            down: { dwellMs: quick, to: goesUp },
          },
          event: step => content(step.instance, `service_${step.state}`, step, null),
        }),
      }
    },
  })
  const { services, order } = story.entities
  const [failing, silent, flapping] = order.map(position => services[position])
  if (!failing || !silent || !flapping) throw new RangeError('There are too few services.')
  return {
    ...story,
    services,
    troubled: { failing, silent, flapping },
    options: all,
    expectations: incidentExpectations,
  }
}

const fewFail = { deploying: 97, failed: 3 } as const
const mostFail = { deploying: 15, failed: 85 } as const
const goesUp = { up: 1 } as const
const goesDown = { down: 1 } as const
const quick = uniform({ min: 1000, max: 3000 })

const names = ['checkout', 'billing', 'search', 'accounts', 'mail', 'reports', 'images', 'gateway'] as const

function makeService(_random: Random, index: number): Service {
  const round = Math.floor(index / names.length)
  return {
    service_id: index + 1,
    service_name: `${names[index % names.length]}${round === 0 ? '' : `-${round + 1}`}`,
    organization: organizations[index % organizations.length] ?? 'A',
  }
}

function checked(options: IncidentOptions): Required<IncidentOptions> {
  const all = filled(options, defaults)
  whole('seed', all.seed, 0, Number.MAX_SAFE_INTEGER)
  whole('services', all.services, 3, 1000)
  between('deploysPerSecond', all.deploysPerSecond, 0.000_001, 100_000)
  whole('heartbeatMs', all.heartbeatMs, 1, 3_600_000)
  for (const name of ['everyMs', 'calmMs', 'failingMs', 'silentMs', 'flappingMs'] as const)
    whole(name, all[name], 1, 31_536_000_000)
  if (all.calmMs + all.failingMs + all.silentMs + all.flappingMs > all.everyMs)
    throw invalidOption('everyMs', all.everyMs, 'at least the sum of calmMs, failingMs, silentMs, flappingMs')
  text('topic', all.topic)
  return all
}
