// How long each hop of the whole chain takes, with real programs and the stack's own configuration: event -> row in the view ->
// /metrics -> Prometheus fires -> a receiver hears of it. Beside it, in the same run: the same view polled by sql_exporter.
// `npm run bench -- chain [spikes] [scrape interval in seconds] [sql_exporter's interval in seconds]`
// Needs prometheus, prometheus-alertmanager, java and mvn; prometheus-sql-exporter for the comparison.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort, startChain, truth, until } from '@mzalert/stack/chain'
import { readTopic } from '@mzalert/stack/kafka'
import { tail } from '@mzalert/tail-client'
import { machine } from '../lib/machine.mjs'
import { table } from '../lib/statistics.mjs'
import { headline } from '../lib/summary.mjs'

const [spikes = 8, scrapeSeconds = 5, pollSeconds = 15] = process.argv.slice(2).map(Number)
const settings = { windowMs: 30_000, threshold: 25 }
const spikeEveryMs = 12_700

/** Per hop, when an organization's alert was first seen there since it was last gone. */
const seen = { view: [], metrics: [], prometheus: [], receiver: [], polled: [] }
const told = new Set()
const note = (hop, organization, atMs) => seen[hop].push({ organization, atMs })

const chain = await startChain({
  ...settings,
  story: { SEED: '3', FIRST_SPIKE_MS: '15000', SPIKE_EVERY_MS: String(spikeEveryMs) },
  scale: { scrapeSeconds, keepFiringSeconds: 1, forSeconds: 60, resendSeconds: 2, lookbackSeconds: 10 },
  onNotification: ({ alerts }, atMs) => {
    for (const { status, labels, startsAt } of alerts)
      if (
        labels.alertname === 'DeploymentSpike' &&
        status === 'firing' &&
        !told.has(labels.organization + startsAt)
      ) {
        told.add(labels.organization + startsAt)
        note('receiver', labels.organization, atMs)
      }
  },
})
const stop = new AbortController()
const pages = new Map()

/** Looks at a page of metrics again and again, and notes the organizations that are new there. */
async function watch(hop, url, line) {
  while (!stop.signal.aborted) {
    const before = pages.get(hop) ?? new Set()
    const text = await fetch(url).then(
      answer => answer.text(),
      () => '',
    )
    const found = new Set([...text.matchAll(line)].map(([, organization]) => organization))
    for (const organization of found) if (!before.has(organization)) note(hop, organization, Date.now())
    pages.set(hop, found)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

async function watchView() {
  for await (const { row, diff } of tail('organization_alert', {
    connection: chain.urls.sql,
    signal: stop.signal,
  }))
    if (diff > 0) note('view', row.labels, Date.now())
}

/** Prometheus says itself since when an alert is active. */
async function watchPrometheus() {
  const known = new Set()
  while (!stop.signal.aborted) {
    const { data } = await (await fetch(`${chain.urls.prometheus}/api/v1/alerts`)).json()
    for (const { labels, activeAt } of data.alerts)
      if (labels.alertname === 'DeploymentSpike' && !known.has(labels.organization + activeAt)) {
        known.add(labels.organization + activeAt)
        note('prometheus', labels.organization, Date.parse(activeAt))
      }
    await new Promise(resolve => setTimeout(resolve, 200))
  }
}

const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-poll-'))
const poller = await startPoller()

/** sql_exporter, as its documents and those of Materialize have it: the same rows, asked for at an interval. */
async function startPoller() {
  const port = await freePort()
  const file = path.join(folder, 'config.yml')
  const query = {
    name: 'organization_alert',
    help: 'rows',
    labels: ['alert_cond', 'organization'],
    values: ['active'],
    query: 'SELECT alert_cond, labels AS organization, 1.0 AS active FROM organization_alert',
    allow_zero_rows: true,
  }
  const connections = [`${chain.urls.sql}?sslmode=disable`]
  // JSON is YAML.
  writeFileSync(
    file,
    JSON.stringify({
      jobs: [{ name: 'alerts', interval: `${pollSeconds}s`, connections, queries: [query] }],
    }),
  )
  const child = spawn(
    'prometheus-sql-exporter',
    ['-config.file', file, '-web.listen-address', `127.0.0.1:${port}`],
    {
      stdio: 'ignore',
    },
  )
  child.once('error', () =>
    console.error(
      'prometheus-sql-exporter is not installed: no comparison. On Debian: apt-get install prometheus-sql-exporter',
    ),
  )
  return { url: `http://127.0.0.1:${port}/metrics`, end: () => child.kill() }
}

const watching = [
  watch(
    'metrics',
    `${chain.urls.exporter}/metrics?name[]=organization_alert`,
    /^organization_alert\{.*organization="(\w)"/gm,
  ),
  watch('polled', poller.url, /^sql_organization_alert\{.*organization="(\w)"/gm),
  watchView(),
  watchPrometheus(),
]
try {
  await until(
    'all spikes were heard of',
    () => seen.receiver.length >= spikes,
    200,
    60_000 + spikes * spikeEveryMs * 2,
  )
  const events = truth(await readTopic(chain.kafka.address, 'deployments'), settings)
  report(events.slice(0, spikes))
} finally {
  stop.abort()
  poller.end()
  await Promise.allSettled(watching)
  await chain.close()
  rmSync(folder, { recursive: true, force: true })
}

function report(events) {
  const hops = ['view', 'metrics', 'prometheus', 'receiver']
  const times = events.map(({ organization, firesAtMs, resolvesAtMs }) => {
    const first = hop =>
      seen[hop].find(
        each =>
          each.organization === organization && each.atMs >= firesAtMs && each.atMs < resolvesAtMs + 30_000,
      )?.atMs
    return { event: firesAtMs, ...Object.fromEntries([...hops, 'polled'].map(hop => [hop, first(hop)])) }
  })
  const measured = (from, to) => {
    const all = times
      .filter(time => time[from] !== undefined && time[to] !== undefined)
      .map(time => time[to] - time[from])
      .sort((one, other) => one - other)
    const show = ms => (ms === undefined ? '' : `${Math.round(ms)} ms`)
    return [show(all[Math.floor(all.length / 2)]), show(all.at(-1)), String(all.length)]
  }
  const polled = `sql_exporter's /metrics, each ${pollSeconds} s`
  const lines = [
    ['event to row in the view', 'event', 'view'],
    ['row in the view to /metrics', 'view', 'metrics'],
    ['/metrics to Prometheus fires', 'metrics', 'prometheus'],
    ['Prometheus fires to receiver', 'prometheus', 'receiver'],
    ['event to receiver', 'event', 'receiver'],
    ['event to /metrics', 'event', 'metrics'],
    [`event to ${polled}`, 'event', 'polled'],
  ].map(([name, from, to]) => [name, ...measured(from, to)])
  console.log(
    `${machine()}. ${events.length} spikes, scraped and evaluated each ${scrapeSeconds} s, group_wait 1 s and group_interval 5 s as in the stack.\n`,
  )
  console.log(table(['hop', 'median', 'most', 'n'], lines))
  const [ours] = measured('event', 'metrics')
  const [theirs] = measured('event', 'polled')
  headline(
    'the whole chain with Kafka: from an event to its alert in `/metrics`, median',
    ours,
    theirs ? { [polled]: theirs } : {},
  )
}
