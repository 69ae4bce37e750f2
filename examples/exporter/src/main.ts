#!/usr/bin/env node
import type { BridgeEvent } from '@mzalert/prom-bridge'
import { exporter, viewNames } from './exporter.js'

const help = `Serves alerts that are rows of SQL views as Prometheus metrics.

Configured by the environment:
  MZ_URL  where the views are       postgres://materialize@127.0.0.1:6875/materialize
  HOST    where to listen           127.0.0.1
  PORT    on which port             9884
  VIEWS   which views, by commas    ${viewNames.join(',')}

Serves /metrics, /-/healthy, /-/ready, and at / a page of what fires now.`

const {
  MZ_URL: connection = 'postgres://materialize@127.0.0.1:6875/materialize',
  HOST: host = '127.0.0.1',
  PORT: port = '9884',
  VIEWS: views = viewNames.join(','),
} = process.env

/** One line for the log, for each thing that happens. */
function describe(event: BridgeEvent): string {
  switch (event.type) {
    case 'snapshot':
      return `${event.view}: ${event.rows} rows at the start`
    case 'retry':
      return `${event.view}: ${event.error.message} Attempt ${event.attempt + 1} in ${Math.round(event.delayMs)} ms.`
    case 'reconciled':
      return `${event.view}: connected again, ${event.updates} updates since`
    case 'ended':
      return `${event.view}: will not change any more`
    case 'blocked':
    case 'failed':
      return `${event.view}: ${event.error.message}`
    case 'unblocked':
      return `${event.view}: the rows are good again`
    case 'scrape-failed':
      return `${event.metric ?? 'a request'}: ${String(event.error)}`
  }
}

async function main(): Promise<void> {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new Error(`PORT is ${port}. It takes a number up to 65535.`)
  const names = views.split(',').map(name => name.trim())
  const onEvent = (event: BridgeEvent): void => console.error(describe(event))
  const running = await exporter({ connection, host, port: Number(port), views: names, onEvent })
  const stop = (): void => {
    running.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  console.error(`Listening on ${running.url}`)
}

if (process.argv.includes('--help') || process.argv.includes('-h')) console.log(help)
else
  main().catch((error: NodeJS.ErrnoException) => {
    const isBusy = error.code === 'EADDRINUSE'
    console.error(isBusy ? `Port ${port} of ${host} is taken. Set PORT to another one.` : error.message)
    process.exitCode = 1
  })
