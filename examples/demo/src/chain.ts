import { exporter } from '@mzalert/example-exporter'
import { producer } from '@mzalert/example-producer'
import type { DeploymentsOptions } from '@mzalert/faker-events'
import { startEngine } from '@mzalert/local-engine'
import { models } from '@mzalert/stack'
import type { Transition } from './board.js'
import { type LatencyMeter, meter } from './latency.js'
import type { DemoOptions } from './options.js'
import { freePort } from './ports.js'
import { type Watch, watch } from './watch.js'

const host = '127.0.0.1'
/** The first spike comes after the streams are up, and within the first quarter of a minute. */
const latestFirstSpikeMs = 10_000

/** Engine, models, producer and exporter, running. */
export interface Chain {
  readonly sqlUrl: string
  readonly metricsUrl: string
  readonly watch: Watch
  readonly latency: LatencyMeter
  readonly eventsSent: () => number
  /** What the producer was told: the scenario, and when it began. */
  readonly story: { readonly scenario: DeploymentsOptions; readonly originMs: number }
  /** Rejects when a part fails; pending as long as all is well. */
  readonly failed: Promise<never>
  /** Ends every part, those first that read from others. */
  readonly close: () => Promise<void>
}

export interface ChainCallbacks {
  readonly onTransition: (transition: Transition) => void
  readonly onNotice: (notice: string) => void
}

/** Starts everything; what was started is ended again if a later part cannot start. */
export async function startChain(
  options: DemoOptions,
  { onTransition, onNotice }: ChainCallbacks,
): Promise<Chain> {
  const ends: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end()
  }
  try {
    const sqlPort = await port('SQL', '--sql-port', options.sqlPort, onNotice)
    const retain = {
      table: 'deployments',
      timestampMs: "(data->>'event_ts')::bigint * 1000",
      forMs: options.windowMs * 2,
    }
    const engine = await startEngine({ host, port: sqlPort, retain: [retain] })
    ends.push(() => engine.close())
    for (const { sql } of models('local', options)) await engine.execute(sql)

    const metricsPort = await port('metrics', '--metrics-port', options.metricsPort, onNotice)
    const exported = await exporter({ connection: engine.url, host, port: metricsPort })
    ends.push(() => exported.close())
    const watched = watch(engine.url, onTransition)
    ends.push(() => watched.close())
    await exported.bridge.ready

    const latency = meter(exported.url, organization =>
      watched.firing.has(`deployment_spike ${organization}`),
    )
    ends.push(() => latency.close())
    const stop = new AbortController()
    let eventsSent = 0
    const scenario = {
      seed: options.seed,
      spikeEveryMs: options.spikeEveryMs,
      firstSpikeMs: Math.min(latestFirstSpikeMs, options.spikeEveryMs),
    }
    const originMs = Date.now()
    const produced = producer(
      { sink: 'postgres', databaseUrl: engine.url, scenario, from: originMs },
      {
        signal: stop.signal,
        onBatch: ({ events }) => {
          eventsSent += events.length
          const spike = events.filter(({ stream }) => stream === 'spike').at(-1)
          if (spike) latency.spiked(spike.value.organization, spike.timestampMs)
        },
      },
    )
    ends.push(async () => {
      stop.abort()
      await produced.catch(() => {})
    })
    const failed = Promise.race([watched.failed, produced.then<never>(() => new Promise<never>(() => {}))])
    failed.catch(() => {})
    return {
      sqlUrl: engine.url,
      metricsUrl: exported.url,
      watch: watched,
      latency,
      eventsSent: () => eventsSent,
      story: { scenario, originMs },
      failed,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function port(
  what: string,
  flag: string,
  wanted: number,
  onNotice: (notice: string) => void,
): Promise<number> {
  const found = await freePort(wanted, host)
  if (wanted !== 0 && found !== wanted)
    onNotice(`port ${wanted} is busy: ${what} is on ${found} (${flag} chooses another)`)
  return found
}
