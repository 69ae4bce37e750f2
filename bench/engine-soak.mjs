// The embedded engine at the demo's load for some minutes: are evaluations as quick, and is the process as small, at the end as
// they were at the beginning, and do the streams say what SELECT says? `npm run soak -- engine [minutes] [spike every s]`, 10 minutes
// if nothing is said; `npm run soak -- engine 60` is an hour of the demo's load.
import { producer } from '@mzalert/example-producer'
import { tail } from '@mzalert/tail-client'
import pg from 'pg'
import { engineProcess, sleep } from './lib/engine.mjs'
import { percentile } from './lib/statistics.mjs'

const minutes = Number(process.argv[2] ?? 10)
const spikeEveryMs = Number(process.argv[3] ?? 60) * 1000
const views = ['dim_deployments', 'organization_alert', 'customer_alert']
/**
 * What may grow from the first third to the last, as a factor. The process's own time for an evaluation tells of the engine, however
 * busy the machine is; how long one took tells of the machine too. The heap may grow by so much over the whole time, by its slope.
 */
const allowed = { cpu: 1.5, p50: 3, p99: 3, p99Ms: 100, rss: 1.05, heapBytes: 8e6 }
/** Caches fill and code is compiled: nothing is judged before. */
const warmUpMs = Math.min(60_000, minutes * 60_000 * 0.2)
/** A progress row is due each second; a machine that is busy may be late. */
const longestSilenceMs = 5000

const engine = await engineProcess()
const problems = []
engine.ended.then(code => {
  if (code !== 0) problems.push(`the engine ended with code ${code}`)
})
const streams = views.map(view => tail(view, { connection: engine.url, retry: false }))
const sums = streams.map(() => new Map())
const silences = streams.map(() => 0)
const consumed = streams.map(async (stream, i) => {
  let lastMs = performance.now()
  for await (const { updates } of stream.batches()) {
    silences[i] = Math.max(silences[i], performance.now() - lastMs)
    lastMs = performance.now()
    for (const { raw, diff } of updates) {
      const sum = (sums[i].get(raw) ?? 0) + diff
      if (sum === 0) sums[i].delete(raw)
      else sums[i].set(raw, sum)
    }
  }
})
for (const each of consumed) each.catch(error => problems.push(error.message))

const stop = new AbortController()
let events = 0
const scenario = { seed: 7, spikeEveryMs, firstSpikeMs: 5000 }
const produced = producer(
  { sink: 'postgres', databaseUrl: engine.url, scenario, from: Date.now() },
  { signal: stop.signal, onBatch: batch => (events += batch.events.length) },
)
produced.catch(error => problems.push(error.message))
await sleep(warmUpMs)
const startMs = performance.now()
const endMs = startMs + minutes * 60_000 - warmUpMs
while (performance.now() < endMs && problems.length === 0) await sleep(500)
stop.abort()
await produced.catch(() => {})

// What the streams add up to, once the last window has passed nothing any more, is what SELECT says.
const reader = new pg.Client(engine.url)
await reader.connect()
for (const [i, view] of views.entries()) {
  const deadline = performance.now() + 20_000
  for (;;) {
    const { rows } = await reader.query({ text: `select * from ${view}`, rowMode: 'array' })
    const wanted = JSON.stringify(rows.map(row => row.join('\t')).sort())
    const actual = JSON.stringify([...sums[i].keys()].sort())
    if (wanted === actual) break
    if (performance.now() > deadline) {
      problems.push(`${view}: the stream adds up to ${actual}, SELECT says ${wanted}`)
      break
    }
    await sleep(50)
  }
}
await reader.end()
for (const stream of streams) await stream.close()
await engine.close()

const measured = engine.samples.filter(({ atMs }) => atMs >= startMs && atMs <= endMs)
const third = Math.floor(measured.length / 3)
const [first, last] = [measured.slice(0, third), measured.slice(-third)]
const evaluations = samples => samples.flatMap(({ evaluationsMs }) => evaluationsMs)
const median = (samples, field) =>
  percentile(
    samples.map(sample => sample[field]),
    0.5,
  )
/** Bytes a minute, by least squares. */
function slope(samples, field) {
  const points = samples.map(sample => [sample.atMs / 60_000, sample[field]])
  const mean = at => points.reduce((sum, point) => sum + point[at], 0) / points.length
  const [x, y] = [mean(0), mean(1)]
  return (
    points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) /
    points.reduce((sum, [a]) => sum + (a - x) ** 2, 0)
  )
}
const mb = bytes => (bytes / 1e6).toFixed(1)
const cpuMs = samples =>
  samples.reduce((sum, sample) => sum + sample.cpuMs, 0) / Math.max(1, evaluations(samples).length)
const [cpuBefore, cpuAfter] = [cpuMs(first), cpuMs(last)]
console.log(
  `CPU of the process for each evaluation: first third ${cpuBefore.toFixed(2)} ms, last third ${cpuAfter.toFixed(2)} ms`,
)
if (!(cpuAfter <= cpuBefore * allowed.cpu))
  problems.push(`evaluations cost more: ${cpuBefore.toFixed(2)} -> ${cpuAfter.toFixed(2)} ms of CPU`)
for (const share of [0.5, 0.99]) {
  const [before, after] = [percentile(evaluations(first), share), percentile(evaluations(last), share)]
  console.log(
    `evaluation p${share * 100}: first third ${before.toFixed(2)} ms, last third ${after.toFixed(2)} ms`,
  )
  // The slowest of them tell more of the machine than of the engine.
  const [factor, ms] = share === 0.5 ? [allowed.p50, 0] : [allowed.p99, allowed.p99Ms]
  if (!(after <= before * factor + ms))
    problems.push(`evaluations became slower: p${share * 100} ${before.toFixed(2)} -> ${after.toFixed(2)} ms`)
}
const [rssBefore, rssAfter] = [median(first, 'rss'), median(last, 'rss')]
console.log(
  `RSS: first third ${mb(rssBefore)} MB, last third ${mb(rssAfter)} MB, ${mb(slope(measured, 'rss'))} MB a minute`,
)
if (!(rssAfter <= rssBefore * allowed.rss))
  problems.push(`the process grew: ${mb(rssBefore)} -> ${mb(rssAfter)} MB`)
const measuredMinutes = (endMs - startMs) / 60_000
const heapGrowth = slope(measured, 'heapUsed') * measuredMinutes
console.log(
  `heap: median ${mb(median(measured, 'heapUsed'))} MB, by its slope ${mb(heapGrowth)} MB more at the end`,
)
if (!(heapGrowth <= allowed.heapBytes))
  problems.push(`the heap grew by ${mb(heapGrowth)} MB in ${measuredMinutes.toFixed(1)} minutes`)
console.log(
  `${events} events, ${evaluations(measured).length} evaluations, longest silence of a stream ${(Math.max(...silences) / 1000).toFixed(1)} s`,
)
if (Math.max(...silences) > longestSilenceMs) problems.push('a stream was silent for too long')
for (const problem of problems) console.error(`FAILED: ${problem}`)
if (problems.length === 0) console.log(`${minutes} minutes: flat`)
process.exit(problems.length === 0 ? 0 : 1)
