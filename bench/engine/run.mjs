// The embedded engine: how long from an event that is committed to its row on the wire of a client, and at what cost.
// `npm run bench -- engine [seconds per line]`
import pg from 'pg'
import { to } from 'pg-copy-streams'
import { engineProcess } from '../lib/engine.mjs'
import { machine } from '../lib/machine.mjs'
import { sleep } from '../lib/sleep.mjs'
import { percentile, table } from '../lib/statistics.mjs'
import { headline } from '../lib/summary.mjs'

const secondsPerLine = Number(process.argv[2] ?? 10)
const target = 150
const views = ['dim_deployments', 'organization_alert', 'customer_alert']

/** The models of the demo: `perSecond` events a second in a window of 30 s, or as many at once for the start. */
async function models(perSecond) {
  const windowMs = 30_000
  const engine = await engineProcess({ windowMs })
  const writer = await client(engine.url)
  await writer.query(
    "insert into customers select g, 'customer ' || g, case when g % 4 = 0 then 'enterprise' else 'free' end from generate_series(0, 39) g",
  )
  const inWindow = Math.round((perSecond * windowMs) / 1000)
  const event = (at, customer, organization) =>
    `jsonb_build_object('customer_id', ${customer}, 'customer_name', 'customer ' || ${customer}, 'deployment_type', case when ${customer} % 2 = 0 then 'cloud' else 'on_prem' end, 'event_type', 'deployment_created', 'organization', ${organization}, 'event_ts', ${at})`
  const spread = `${Math.floor(Date.now() / 1000)} - g * 30 / ${Math.max(inWindow, 1)}`
  const before = event(spread, 'g % 40', 'chr(65 + g % 5)')
  await writer.query(`insert into deployments select ${before} from generate_series(0, ${inWindow - 1}) g`)
  const listeners = await Promise.all(views.map(view => listen(engine.url, view)))
  let made = 0
  // An organization of its own for each event that is waited for: rows that leave the window are not taken for it.
  const write = marker => {
    const customer = made++ % 40
    const organization = `'${marker ?? 'ABCDE'[customer % 5]}'`
    return writer.query(
      `insert into deployments select ${event(Math.floor(Date.now() / 1000), customer, organization)}`,
    )
  }
  return { engine, write, watch: listeners[0], perSecond, size: `${inWindow} events` }
}

/** A plain view of `rows` rows, and rows written one by one. */
async function rows(count, perSecond) {
  const script = `create table t (id int, name text, amount int);
    insert into t select g, 'name ' || g, g from generate_series(1, ${count}) g;
    create view v as select id, name, amount * 2 as amount from t`
  const engine = await engineProcess({ plain: true, script })
  const writer = await client(engine.url)
  const listener = await listen(engine.url, 'v')
  let made = 0
  const write = marker =>
    writer.query('insert into t values ($1, $2, 1)', [count + ++made, marker ?? `new ${made}`])
  return { engine, write, watch: listener, perSecond, size: `${count} rows` }
}

async function client(url) {
  const connected = new pg.Client(url)
  connected.on('error', () => {})
  await connected.connect()
  return connected
}

/** A stream in which a row is waited for by what stands in it. */
async function listen(url, view) {
  const connected = await client(url)
  const stream = connected.query(to(`copy (subscribe ${view} with (progress)) to stdout`))
  let failure
  stream.on('error', error => {
    failure = error
  })
  let rest = ''
  let awaited
  let isOpen = false
  stream.on('data', chunk => {
    isOpen = true
    if (awaited === undefined) return
    const text = rest + chunk.toString('latin1')
    if (text.includes(awaited.marker)) awaited.resolve(performance.now())
    rest = text.slice(-200)
  })
  while (!isOpen) {
    if (failure) throw failure
    await sleep(5)
  }
  return {
    row: marker => {
      rest = ''
      return new Promise(resolve => {
        awaited = { marker, resolve }
      })
    },
  }
}

async function measure(start, seconds) {
  const { engine, write, watch, perSecond, size } = await start()
  const committedMs = []
  try {
    await sleep(1500)
    const from = engine.samples.length
    const endMs = performance.now() + seconds * 1000
    const startMs = performance.now()
    let written = 0
    let outstanding
    let next = startMs
    while (performance.now() < endMs) {
      next += 1000 / perSecond
      // One at a time is waited for, and the others are written meanwhile.
      const marker = outstanding ? undefined : `marked${written}x`
      const arrived = marker && watch.row(marker)
      await write(marker)
      written++
      const committed = performance.now()
      if (arrived) {
        outstanding = arrived.then(at => {
          committedMs.push(Math.max(0, at - committed))
          outstanding = undefined
        })
      }
      await sleep(Math.max(0, next - performance.now()))
    }
    // A row that never comes is the worst of all.
    if (outstanding && (await Promise.race([outstanding, sleep(10_000).then(() => 'late')])) === 'late')
      committedMs.push(Number.POSITIVE_INFINITY)
    const rate = (written * 1000) / (performance.now() - startMs)
    const samples = engine.samples.slice(from)
    const cpu = samples.reduce((sum, sample) => sum + sample.cpuMs, 0) / (samples.length * 1000)
    const evaluations = samples.flatMap(sample => sample.evaluationsMs)
    return {
      size,
      rate,
      p50: percentile(committedMs, 0.5),
      p99: percentile(committedMs, 0.99),
      evaluation: percentile(evaluations, 0.5),
      evaluation99: percentile(evaluations, 0.99),
      cpu,
      rssMb:
        percentile(
          samples.map(sample => sample.rss),
          0.5,
        ) / 1e6,
      measured: committedMs.length,
    }
  } finally {
    await engine.close()
  }
}

const lines = [
  ['the demo: 3 over a window of 30 s', () => models(3)],
  ['3 over a window of 30 s', () => models(10)],
  ['3 over a window of 30 s', () => models(100)],
  ['3 over a window of 30 s', () => models(300)],
  ['one, all its rows', () => rows(1000, 5)],
  ['one, all its rows', () => rows(10_000, 5)],
  ['one, all its rows', () => rows(100_000, 1)],
]
const ms = value => value.toFixed(value < 10 ? 1 : 0)
let demo
const cells = []
for (const [name, start] of lines) {
  // Few events a second: it takes a while until there are enough of them.
  const result = await measure(start, demo ? secondsPerLine : secondsPerLine * 4)
  demo ??= result
  const { size, rate, p50, p99, evaluation, evaluation99, cpu, rssMb } = result
  cells.push([
    `${name}, ${size}`,
    `${rate.toFixed(0)}/s`,
    `${ms(p50)} / ${ms(p99)} ms`,
    `${ms(evaluation)} / ${ms(evaluation99)} ms`,
    `${(cpu * 100).toFixed(0)} %`,
    `${rssMb.toFixed(0)} MB`,
  ])
}
const head = ['views', 'written', 'commit to wire, p50 / p99', 'evaluation, p50 / p99', 'CPU', 'memory']
console.log(`${machine()}; ${secondsPerLine} s a line, the demo's ${secondsPerLine * 4} s.\n`)
console.log(`${table(head, cells)}\n`)
const met = demo.p99 <= target
console.log(
  `An event committed is on the wire within ${target} ms at the demo's size: ${met ? 'yes' : 'NO'} (p99 ${demo.p99.toFixed(1)} ms, ${demo.measured} events)`,
)
headline(
  "the embedded engine: from a commit to the wire at the demo's size, p50 / p99",
  `${ms(demo.p50)} / ${ms(demo.p99)} ms`,
)
process.exitCode = met ? 0 : 1
