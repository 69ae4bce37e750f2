import { invalidOption, nameTaken } from '../errors.js'
import type { MetricRegistry } from '../types.js'
import { type Definition, definitions, type Health, type Sample } from './metrics.js'

/** So that several notifiers, also of two copies of this package, can share a registry. */
const brand = Symbol.for('@mzalert/alert-sinks/metric')

type Teller = () => Health

/**
 * A family in a registry of prom-client or its kin, which ask with `get`. It answers for every notifier that shares it, with what is so
 * at the call. Never throws.
 */
class Metric {
  readonly name: string
  readonly help: string
  readonly type: Definition['type']
  readonly aggregator = 'sum'
  readonly tellers: Set<Teller>
  readonly #samples: Definition['samples']

  constructor({ name, help, type, samples }: Definition, tellers: Set<Teller>) {
    this.name = name
    this.help = help
    this.type = type
    this.tellers = tellers
    this.#samples = samples
    Object.defineProperty(this, brand, { value: true })
  }

  async get(): Promise<
    Omit<Definition, 'samples'> & { readonly aggregator: 'sum'; readonly values: readonly Sample[] }
  > {
    const { name, help, type, aggregator } = this
    const values = [...this.tellers].flatMap(tell => this.#samples(tell()))
    return { name, help, type, aggregator, values }
  }

  /** A host that resets its own metrics has no say about the alerts. */
  reset(): void {}
}

/**
 * Registers what a notifier says about itself; gives the function that takes it out again. Throws `NAME_TAKEN` if the registry has another
 * metric of one of the names, and `INVALID_OPTION` for what is no registry.
 */
export function register(registry: MetricRegistry, tell: Teller): () => void {
  for (const method of ['registerMetric', 'removeSingleMetric', 'getSingleMetric'])
    if (typeof Reflect.get(Object(registry), method) !== 'function')
      throw invalidOption(
        'registry',
        registry,
        'a registry of prom-client, @prometheus-io/client or @platformatic/prom-client',
      )
  for (const { name } of definitions) {
    const there = registry.getSingleMetric(name)
    if (there !== undefined && !isOurs(there))
      throw nameTaken(name, 'another metric of the registry', 'Give this notifier a registry of its own.')
  }
  const teller = oncePerTurn(tell)
  const mine = definitions.map(definition => {
    const there = registry.getSingleMetric(definition.name)
    if (isOurs(there)) {
      there.tellers.add(teller)
      return there
    }
    const metric = new Metric(definition, new Set([teller]))
    registry.registerMetric(metric as never)
    return metric
  })
  return () => {
    for (const metric of mine) {
      metric.tellers.delete(teller)
      if (metric.tellers.size === 0 && registry.getSingleMetric(metric.name) === metric)
        registry.removeSingleMetric(metric.name)
    }
  }
}

/** A scrape asks for every metric: what they are made from is looked at once. */
function oncePerTurn(tell: Teller): Teller {
  let health: Health | undefined
  return () => {
    if (health === undefined) {
      health = tell()
      setImmediate(() => {
        health = undefined
      })
    }
    return health
  }
}

function isOurs(metric: unknown): metric is Metric {
  return typeof metric === 'object' && metric !== null && brand in metric
}
