import { createServer } from 'node:http'
import { type Bridge, type BridgeOptions, bridge, type ViewOptions } from '@mzalert/prom-bridge'
import { collectDefaultMetrics, Registry } from 'prom-client'

/** The views of the demonstration, and what their rows become. */
const known: readonly ViewOptions[] = [
  {
    view: 'organization_alert',
    help: 'Alerts that fire now, by organization: 1 for every row of view organization_alert.',
    labels: { alert_cond: 'alert_cond', organization: 'labels' },
  },
  {
    view: 'customer_alert',
    help: 'Alerts that fire now, by customer: 1 for every row of view customer_alert.',
    labels: { alert_cond: 'alert_cond', customer_name: 'customer_name', tier: 'tier' },
  },
  {
    view: 'dim_deployments',
    help: 'Deployments in the window: column deployment_cnt of view dim_deployments.',
    labels: { organization: 'organization', deployment_type: 'deployment_type' },
    value: { column: 'deployment_cnt' },
  },
]

export const viewNames: readonly string[] = known.map(({ view }) => view)

export interface ExporterOptions extends Pick<BridgeOptions, 'connection' | 'onEvent'> {
  readonly host?: string
  /** 0 takes any free port. */
  readonly port?: number
  /** Which of `viewNames`. Default: all. */
  readonly views?: readonly string[]
}

export interface Exporter {
  /** Where it listens, without a slash at the end. */
  readonly url: string
  readonly bridge: Bridge
  readonly close: () => Promise<void>
}

/** Serves the views as metrics, with those of this process. Resolves once it listens; the views follow when they are there. */
export async function exporter(options: ExporterOptions): Promise<Exporter> {
  const { host = '127.0.0.1', port = 9884, views = viewNames, ...more } = options
  const unknown = views.filter(name => !viewNames.includes(name))
  if (unknown.length > 0)
    throw new Error(`No such view: ${unknown.join(', ')}. There are ${viewNames.join(', ')}.`)
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const made = bridge({
    ...more,
    registry,
    // The database may still be starting: its views are waited for.
    // Alerts wait for the connection: once the server is there again, it is found within two seconds.
    tail: { waitForRelation: true, retry: { maxMs: 2000 } },
    views: known.filter(({ view }) => views.includes(view)),
  })
  const server = createServer(made.handler)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, host, resolve)
    })
  } catch (error) {
    await made.close()
    throw error
  }
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  const close = async (): Promise<void> => {
    const closed = new Promise(resolve => server.close(resolve))
    await made.close()
    // Answers that are under way are finished, if their readers take them.
    const deadline = setTimeout(() => server.closeAllConnections(), 10_000)
    await closed
    clearTimeout(deadline)
  }
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`, bridge: made, close }
}
