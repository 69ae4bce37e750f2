// The whole chain under random faults: producer -> Kafka -> what stands in for Materialize -> a proxy that makes faults -> the exporter,
// direct sinks and a tail; Prometheus and Alertmanager on the stack's own configuration. Nothing may be lost, doubled, or said to be over
// while it is not, and in the end everybody says what the events in the topic say.
//
//   npm run soak -- --minutes 3
//   npm run soak -- --minutes 30 --seed 7 --write    also writes what was measured into docs/reliability.md
//
// The seed decides the events and the faults; the machine decides their timing. Needs what `npm run test:stack` needs.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import {
  activeAlerts,
  firingAt,
  freePort,
  judge,
  program,
  slopePerMinute,
  startChain,
  truth,
  until,
} from '@mzalert/stack/chain'
import { readTopic } from '@mzalert/stack/kafka'
import { tail } from '@mzalert/tail-client'
import { FaultProxy } from '@mzalert/tail-client/testing'
import pg from 'pg'
import { schedule } from './lib/chain-faults.mjs'
import { machine } from './lib/machine.mjs'
import { replaceSection, requireSection } from './lib/section.mjs'
import { sleep } from './lib/sleep.mjs'
import { Sum } from './lib/sum.mjs'

const { values: given } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    write: { type: 'boolean', default: false },
  },
})
const [minutes, seed] = [Number(given.minutes), Number(given.seed)]
const repository = fileURLToPath(new URL('..', import.meta.url))
const reliability = path.join(repository, 'docs/reliability.md')
if (given.write) requireSection('soak', reliability)
const eventsPerSecond = 10
// A spike is far above the threshold, and the trickle far below.
const settings = { windowMs: 12_000, threshold: 100 }
const faultsBetweenComparisons = 4
const scale = {
  scrapeSeconds: 1,
  keepFiringSeconds: 20,
  forSeconds: 2,
  resendSeconds: 5,
  lookbackSeconds: 10,
}
const tolerance = { enoughMs: 4000, recoveryMs: 2000, lingerMs: scale.lookbackSeconds * 1000, clockMs: 1500 }
/** After a comparison nothing is done for so long: what fires then must be told. */
const quietMs = 8000
/** The alerts, and what they are made of, which changes with every event. */
const views = ['organization_alert', 'dim_deployments']
/** Code is compiled and caches are filled before the heap is looked at; a slope over less than ten minutes says nothing. */
const [warmUpMs, judgedMinutes, mostBytesPerMinute] = [60_000, 10, 500_000]

const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-soak-'))
const ends = [() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })]
/** Every word to a receiver about an organization, by the way it took. */
const told = { DeploymentSpike: [], deployment_spike: [] }
const problems = []
const heap = []
const made = {}
const outages = []

function note({ alerts }) {
  for (const { labels, status, startsAt, endsAt } of alerts)
    told[labels.alertname]?.push({
      organization: labels.organization,
      status,
      startsAtMs: Date.parse(startsAt),
      endsAtMs: Date.parse(endsAt),
    })
}

let proxy
const chain = await startChain({
  ...settings,
  story: {
    SEED: String(seed),
    EVENTS_PER_SECOND: String(eventsPerSecond),
    INITIAL_EVENTS: '0',
    SPIKE_EVENTS: '200',
    FIRST_SPIKE_MS: '5000',
    SPIKE_EVERY_MS: '20000',
  },
  scale,
  between: async port => {
    proxy = await FaultProxy.start({ port })
    return { url: proxy.url, close: () => proxy.close() }
  },
  onNotification: note,
})
ends.push(() => chain.close())

function node(name, file, env, ready) {
  const args = [path.join(repository, file)]
  const started = program({ name, command: process.execPath, args, env, ...ready })
  ends.push(started.kill)
  return started
}
const direct = node(
  'direct-alerts',
  'examples/direct-alerts/dist/main.js',
  {
    MZ_URL: proxy.url,
    STATE_FOLDER: path.join(folder, 'state'),
    WEBHOOK_URL: `${chain.urls.webhook}/direct`,
  },
  { readyText: 'views are watched' },
)
// One exporter is killed again and again; this one is not, and shows what all that the network does leaves in a heap.
const steadyPort = await freePort()
const steadyUrl = `http://127.0.0.1:${steadyPort}`
const steady = node(
  'exporter that stays',
  'examples/exporter/dist/main.js',
  { MZ_URL: proxy.url, PORT: String(steadyPort) },
  { readyUrl: `${steadyUrl}/-/ready` },
)
const parts = { ...chain.parts, direct }

/** The organizations that fire: by the view, by the sum of the tail, on both exporters' pages, and as the direct sink was told. */
async function sides(sum) {
  const reader = new pg.Client(chain.urls.sql)
  await reader.connect()
  const { rows } = await reader.query('SELECT labels FROM organization_alert')
  await reader.end()
  const page = async url => {
    const text = await (await fetch(`${url}/metrics`)).text()
    return [...text.matchAll(/^organization_alert\{.*organization="(\w+)"\} 1$/gm)].map(([, name]) => name)
  }
  const last = new Map(told.deployment_spike.map(({ organization, status }) => [organization, status]))
  return {
    view: rows.map(({ labels }) => labels),
    tail: [...sum.rows.keys()].map(raw => raw.split('\t')[1]),
    exporter: await page(chain.urls.exporter),
    'exporter that stays': await page(steadyUrl),
    direct: [...last].filter(([, status]) => status === 'firing').map(([organization]) => organization),
  }
}

const intervals = async () => truth(await readTopic(chain.kafka.address, 'deployments'), settings)

/** All sides, and the events in the topic, come to say the same. */
async function settled(sum, when) {
  let last
  await until(
    `everybody says the same ${when}`,
    async () => {
      const all = { truth: firingAt(await intervals(), Date.now()), ...(await sides(sum)) }
      last = Object.entries(all).map(([side, names]) => `${side}: ${[...names].sort().join(' ')}`)
      return new Set(last.map(line => line.slice(line.indexOf(':')))).size === 1
    },
    200,
  ).catch(error => {
    throw new Error(`${error.message}\n  ${last?.join('\n  ')}`)
  })
}

async function soak() {
  await direct.start()
  await steady.start()
  const tails = views.map(view => {
    const sum = new Sum()
    const stream = tail(view, {
      connection: proxy.url,
      waitForRelation: true,
      retry: { initialMs: 50, maxMs: 1000 },
      progressTimeoutMs: 10_000,
    })
    ends.push(() => stream.close())
    const ended = (async () => {
      for await (const batch of stream.batches()) sum.add(batch)
      throw new Error(`the tail of ${view} ended`)
    })()
    ended.catch(() => {})
    return { sum, stream, ended }
  })
  const [{ sum }] = tails
  const ended = Promise.race(tails.map(each => each.ended))
  ended.catch(() => {})

  const startMs = Date.now()
  const watching = setInterval(async () => {
    const text = await fetch(`${steadyUrl}/metrics`)
      .then(answer => answer.text())
      .catch(() => '')
    const [, bytes] = /^nodejs_heap_size_used_bytes (\S+)/m.exec(text) ?? []
    if (bytes && Date.now() - startMs > warmUpMs)
      heap.push({ atMs: Date.now() - startMs, value: Number(bytes) })
  }, 1000)
  ends.push(() => clearInterval(watching))

  let [count, comparisons] = [0, 0]
  for (const { fault, random, pauseMs } of schedule(seed)) {
    if (Date.now() - startMs >= minutes * 60_000) break
    await Promise.race([sleep(pauseMs), ended])
    const fromMs = Date.now()
    await fault.make({ parts, proxy }, random)
    for (const part of fault.parts) outages.push({ part, fromMs, toMs: Date.now() })
    made[fault.name] = (made[fault.name] ?? 0) + 1
    if (++count % faultsBetweenComparisons > 0) continue
    await Promise.race([settled(sum, `after ${count} faults`), ended])
    comparisons++
    await Promise.race([sleep(quietMs), ended])
  }
  const lastedMs = Date.now() - startMs
  const all = (await readTopic(chain.kafka.address, 'deployments')).length

  // No more events: every window passes, and nobody is left.
  await chain.parts.producer.kill()
  await until('nobody fires by the events', async () => firingAt(await intervals(), Date.now()).length === 0)
  await settled(sum, 'at the end')
  // Whatever came has gone again, once: an update that was lost or doubled would be left for ever.
  await until('nothing is left of what the tails were given', () =>
    tails.every(each => each.sum.rows.size === 0),
  )
  await until('nobody fires for Alertmanager', async () => {
    const active = await activeAlerts(chain.urls.alertmanager)
    return !active.some(({ labels }) => labels.alertname === 'DeploymentSpike')
  })
  const total = name => tails.reduce((before, each) => before + each.sum.counts[name], 0)
  const reconnects = tails.reduce((before, { stream }) => before + stream.status.reconnects, 0)
  const counts = Object.fromEntries(Object.keys(sum.counts).map(name => [name, total(name)]))
  return { counts, count, comparisons: comparisons + 1, lastedMs, all, reconnects }
}

function report({ counts, count, comparisons, lastedMs, all, reconnects }, every) {
  const on = names => outages.filter(({ part }) => names.includes(part))
  const source = ['producer', 'kafka', 'materialize', 'network']
  const byPrometheus = on([...source, 'exporter', 'prometheus', 'alertmanager'])
  const verdict = (name, faults) => ({ name, ...judge(every, told[name], faults, tolerance) })
  const ways = {
    'sinks, directly': verdict('deployment_spike', on([...source, 'direct'])),
    'Prometheus and Alertmanager': verdict('DeploymentSpike', byPrometheus),
  }
  for (const [way, { name, lost, falseResolves, groundless, due }] of Object.entries(ways)) {
    if (due === 0) problems.push(`${way}: no alert was due, so nothing was shown`)
    const found = {
      'due, and not told': lost,
      'said to be over while it was not': falseResolves,
      'no reason': groundless,
    }
    for (const [what, those] of Object.entries(found))
      for (const each of those) problems.push(`${way}: ${what}: ${around(each, name)}`)
  }
  if (counts.doubled > 0) problems.push(`${counts.doubled} updates were doubled`)
  const slope = slopePerMinute(heap)
  const isJudged = minutes >= judgedMinutes
  if (isJudged && slope > mostBytesPerMinute)
    problems.push(`the exporter's heap grows by ${Math.round(slope / 1000)} kB a minute`)
  const kinds = Object.entries(made).sort(([one], [other]) => one.localeCompare(other))
  const seconds = lastedMs / 1000
  const { updates, batches, reconciled, doubled } = counts
  return [
    `${machine()}; ${(seconds / 60).toFixed(1)} minutes, seed ${seed}.`,
    '',
    '| | |',
    '| --- | ---: |',
    `| events through Kafka | ${all}, ${(all / seconds).toFixed(1)}/s |`,
    `| faults | ${count} |`,
    `| updates at two tails behind the proxy | ${updates}, ${(updates / seconds).toFixed(1)}/s, in ${batches} batches, ${reconnects} reconnects, ${reconciled} of them reconciled |`,
    `| comparisons of everybody with the events | ${comparisons}, all equal in the end |`,
    '| updates lost | 0 |',
    `| updates doubled | ${doubled} |`,
    `| heap of an exporter that was not killed | ${heap.length > 1 ? `${(slope / 1000).toFixed(0)} kB a minute${isJudged ? '' : ' (too short to say)'}` : 'too short to say'} |`,
    '',
    '| told by way of | alerts due | lost | false resolves | without reason |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...Object.entries(ways).map(
      ([way, { due, lost, falseResolves, groundless }]) =>
        `| ${way} | ${due} | ${lost.length} | ${falseResolves.length} | ${groundless.length} |`,
    ),
    '',
    '| fault | times |',
    '| --- | ---: |',
    ...kinds.map(([name, times]) => `| ${name} | ${times} |`),
  ].join('\n')
}

/** What was done and said about an interval, in milliseconds of it. */
function around({ organization, firesAtMs, resolvesAtMs }, name) {
  const since = ms => (Number.isFinite(ms) ? ms - firesAtMs : ms)
  const words = told[name]
    .filter(word => word.organization === organization)
    .map(({ status, startsAtMs, endsAtMs }) => `${status} ${since(startsAtMs)} to ${since(endsAtMs)}`)
  const faults = outages
    .filter(({ fromMs, toMs }) => toMs > firesAtMs - 5000 && fromMs < resolvesAtMs + 5000)
    .map(({ part, fromMs, toMs }) => `${part} ${since(fromMs)} to ${since(toMs)}`)
  return `${organization} 0 to ${since(resolvesAtMs)}; words: ${words.join(', ')}; faults: ${faults.join(', ')}`
}

console.log(`seed ${seed}`)
try {
  const outcome = await soak()
  const text = report(outcome, await intervals())
  console.log(text)
  if (given.write && problems.length === 0) replaceSection('soak', text, reliability)
} catch (error) {
  problems.push(error.stack)
  console.error(chain.output())
} finally {
  for (const end of ends.reverse()) await end()
}
for (const problem of problems) console.error(`FAILED (seed ${seed}): ${problem}`)
process.exit(problems.length === 0 ? 0 : 1)
