import { createServer } from 'node:http'
import { alertmanager, notify } from '@mzalert/alert-sinks'
import { HttpReceiver } from '@mzalert/alert-sinks/testing'
import { startEngine } from '@mzalert/local-engine'
import { bridge } from '@mzalert/prom-bridge'
import { tail } from '@mzalert/tail-client'
import { percentile, table } from '../lib/statistics.mjs'
import { headline } from '../lib/summary.mjs'
import { startPrometheus } from './programs.mjs'

/** From the INSERT of a row to the POST to Alertmanager: directly, and by way of a Prometheus that scrapes and evaluates every second. */
export async function latency(spikes) {
  const receiver = await HttpReceiver.start()
  receiver.answer = { status: 200, body: '' }
  const engine = await startEngine({ host: '127.0.0.1', port: 0 })
  await engine.execute('CREATE TABLE events (org text)')
  await engine.execute('CREATE MATERIALIZED VIEW spikes AS SELECT org FROM events')
  const direct = notify(tail('spikes', { connection: engine.url }), {
    name: 'direct',
    labels: { org: 'org' },
    sinks: [alertmanager({ url: receiver.url })],
  })
  const scraped = bridge({ connection: engine.url, views: [{ view: 'spikes', labels: { org: 'org' } }] })
  const server = createServer(scraped.handler)
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const target = `127.0.0.1:${server.address().port}`
  const prometheus = await startPrometheus({
    target,
    alertmanager: new URL(receiver.url).host,
    metric: 'spikes',
  })
  try {
    await Promise.all([direct.ready, scraped.ready])
    const results = { direct: [], scraped: [] }
    for (let spike = 0; spike < spikes; spike++) {
      // Not in step with the seconds of Prometheus.
      await new Promise(resolve => setTimeout(resolve, 137 + ((spike * 373) % 1000)))
      const org = `org-${spike}`
      const start = performance.now()
      await engine.execute(`INSERT INTO events VALUES ('${org}')`)
      const arrived = way =>
        until(() => seen(receiver, way, org)).then(() => results[way].push(performance.now() - start))
      await Promise.all([arrived('direct'), ...(prometheus ? [arrived('scraped')] : [])])
    }
    console.log(`### From INSERT to the POST to Alertmanager, ${spikes} times\n`)
    const rows = Object.entries(results)
      .filter(([, ms]) => ms.length > 0)
      .map(([way, ms]) => [names[way], ...[0.5, 0.99, 1].map(share => percentile(ms, share).toFixed(0))])
    console.log(table(['way', 'p50 ms', 'p99 ms', 'longest ms'], rows))
    const [[, ours], ...peers] = rows.map(([way, p50]) => [way, `${p50} ms`])
    headline('from INSERT to the POST to Alertmanager, p50', ours, Object.fromEntries(peers))
  } finally {
    await prometheus?.close()
    await direct.close()
    await scraped.close()
    server.close()
    await engine.close()
    await receiver.close()
  }
}

const names = {
  direct: 'alert-sinks, directly',
  scraped: 'prom-bridge, Prometheus (scrape 1 s, evaluation 1 s)',
}

function seen({ requests }, way, org) {
  return requests.some(({ body }) => body.includes(`"alertname":"${way}"`) && body.includes(`"org":"${org}"`))
}

async function until(condition) {
  const deadline = performance.now() + 60_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('An alert did not arrive within a minute.')
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}
