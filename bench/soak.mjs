// Random changes and random faults between an engine and a tail: the sum of what the tail yields must be what SELECT says, again and again.
//
//   npm run soak -- --faults 500           faults for each of the four servers: SUBSCRIBE and TAIL, with and without history
//   npm run soak -- --minutes 3            as many as that takes
//   npm run soak -- --seed 7               the same changes and faults in the same order
//
// It runs in segments of 50 faults, each with an engine of its own and a seed that is one higher. A segment that fails says its seed and
// server. To find out which faults it takes:
//
//   npm run soak -- --faults 50 --seed 1234 --server tail/0 --shrink          fewer and fewer, as long as it fails
//   npm run soak -- --faults 50 --seed 1234 --server tail/0 --keep 3,17,18    these and no others, with the same changes
//
// What is decided for a fault depends on the seed and its number alone, so that leaving others out changes nothing of it. Only the
// machine's timing is not in the seed: a candidate is tried three times.
import { parseArgs } from 'node:util'
import { startEngine } from '@mzalert/local-engine'
import { tail } from '@mzalert/tail-client'
import { FaultProxy } from '@mzalert/tail-client/testing'
import pg from 'pg'

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    faults: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    server: { type: 'string' },
    keep: { type: 'string' },
    shrink: { type: 'boolean', default: false },
  },
})
const minutes = given.minutes === undefined ? undefined : Number(given.minutes)
const faults = Number(
  given.faults ?? positionals[0] ?? (minutes === undefined ? 200 : Number.POSITIVE_INFINITY),
)
const seed = Number(given.seed ?? positionals[1] ?? Date.now() % 1_000_000)
const servers = ['subscribe/0', 'subscribe/60000', 'tail/0', 'tail/60000'].filter(
  name => given.server === undefined || name === given.server,
)
const keep = given.keep === undefined ? undefined : new Set(given.keep.split(',').map(Number))
const faultsPerSegment = 50
/** Faults between two comparisons with SELECT. */
const faultsPerRound = 10
const settleWithinMs = 30_000

/** mulberry32: small, seeded, good enough to choose faults with. */
function generator(from) {
  let state = from >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
const literal = text => `'${text.replaceAll("'", "''")}'`
const plain = (_, value) => (typeof value === 'bigint' ? String(value) : value)
const escaped = text =>
  text.replace(/[\\\t\n\r]/g, char => ({ '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' })[char])

/** What the tail has yielded so far, added up, and what it must never do. */
class Sum {
  rows = new Map()
  frontier = 0n
  latest = 0n
  counts = { updates: 0, reconciled: 0, batches: 0 }

  add({ kind, updates, lower, upper }) {
    if (lower < this.frontier)
      throw new Error(`a batch begins at ${lower}, before the frontier ${this.frontier}`)
    const seen = new Set()
    for (const { raw, diff, timestamp } of updates) {
      if (timestamp < this.latest) throw new Error(`timestamp ${timestamp} after ${this.latest}`)
      this.latest = timestamp
      const identity = `${timestamp} ${raw}`
      if (diff === 0 || seen.has(identity))
        throw new Error(`${identity} with diff ${diff} is no consolidated update`)
      seen.add(identity)
      const multiplicity = (this.rows.get(raw) ?? 0) + diff
      if (multiplicity === 0) this.rows.delete(raw)
      else this.rows.set(raw, multiplicity)
    }
    for (const [raw, multiplicity] of this.rows)
      if (multiplicity < 0) throw new Error(`${raw} has multiplicity ${multiplicity}`)
    this.frontier = upper
    this.counts.batches++
    this.counts.updates += updates.length
    if (kind === 'reconciled') this.counts.reconciled++
  }
}

/** One change as SQL. */
function change(random) {
  const k = Math.floor(random() * 8)
  const v = literal(['a', 'b', 'ü', 'tab\t', 'line\n', '\\', ''][Math.floor(random() * 7)])
  const kind = random()
  if (kind < 0.6) return `insert into t values (${k}, ${v}), (${k}, ${v})`
  if (kind < 0.8) return `update t set v = ${v} where k = ${k}`
  return `delete from t where k = ${k}`
}

/** Faults of the network, by the proxy, and of the server itself; each begins, lasts, and ends. */
const kinds = {
  cut: ({ proxy }) => proxy.cut(),
  'cut after some bytes': ({ proxy }, random) => proxy.cutAfterBytes(1 + Math.floor(random() * 600)),
  split: ({ proxy }, random) => {
    proxy.splitBytes = 1 + Math.floor(random() * 7)
  },
  refuse: async ({ proxy }, random) => {
    proxy.refuse()
    await sleep(random() * 40)
    proxy.restore()
  },
  stall: async ({ proxy }, random) => {
    proxy.stall()
    await sleep(random() * 60)
    if (random() < 0.5) proxy.cut()
    proxy.restore()
  },
  restart: ({ engine }) => engine.faults.restart(),
  'restart without history': ({ engine }) => engine.faults.restart({ dropHistory: true }),
  'die in mid-row': ({ engine }) => engine.faults.dieInMidRow(),
  'server refuses': async ({ engine, proxy }, random) => {
    engine.faults.refuse(true)
    proxy.cut()
    await sleep(random() * 40)
    engine.faults.refuse(false)
  },
  silence: async ({ engine, proxy }, random) => {
    engine.faults.silence(true)
    await sleep(random() * 60)
    if (random() < 0.5) proxy.cut()
    engine.faults.silence(false)
  },
  slow: async ({ engine }, random) => {
    engine.faults.slow(200 + Math.floor(random() * 5000))
    await sleep(random() * 60)
    engine.faults.slow(undefined)
  },
}
const names = Object.keys(kinds)

async function segment(server, count, from, kept) {
  const [generation, historyMs] = server.split('/')
  const engine = await startEngine({ generation, historyMs: Number(historyMs) })
  await engine.execute('create table t (k int, v text)')
  await engine.execute('create view w as select k, v, count(*) as n from t group by k, v')
  const proxy = await FaultProxy.start({ port: engine.port })
  const sum = new Sum()
  const stream = tail('w', {
    connection: proxy.url,
    retry: { initialMs: 5, maxMs: 50 },
    progressTimeoutMs: 3000,
    connectTimeoutMs: 2000,
  })
  const losses = {}
  stream.events.on('retry', ({ error }) => {
    losses[error.code] = (losses[error.code] ?? 0) + 1
  })
  const consumed = (async () => {
    for await (const batch of stream.batches()) sum.add(batch)
  })()
  consumed.catch(() => {})

  /** Everything written so far must arrive: then both sides are compared. */
  const compare = async () => {
    proxy.restore()
    const reader = new pg.Client(engine.url)
    await reader.connect()
    const { rows } = await reader.query('select k, v, n from w')
    await reader.end()
    const expected = rows.map(({ k, v, n }) => `${k}\t${escaped(v)}\t${n}`).sort()
    const deadline = performance.now() + settleWithinMs
    for (;;) {
      const actual = [...sum.rows].flatMap(([raw, multiplicity]) => Array(multiplicity).fill(raw)).sort()
      if (JSON.stringify(actual) === JSON.stringify(expected)) return
      await Promise.race([sleep(10), consumed])
      if (performance.now() > deadline)
        throw new Error(
          `the sum is not the view: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}; ${JSON.stringify(stream.status, plain)}`,
        )
    }
  }
  const made = {}
  let [total, comparisons] = [0, 0]
  try {
    for (let index = 0; index < count; index++) {
      const random = generator(Math.imul(from, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b))
      const changes = Math.floor(random() * 6)
      for (let i = 0; i < changes; i++) await engine.execute(change(random))
      const kind = names[Math.floor(random() * names.length)]
      if (kept === undefined || kept.has(index)) {
        await kinds[kind]({ engine, proxy }, random)
        made[kind] = (made[kind] ?? 0) + 1
        total++
      }
      await Promise.race([sleep(generator(index)() * 80), consumed])
      if ((index + 1) % faultsPerRound > 0 && index + 1 < count) continue
      await compare()
      comparisons++
    }
  } finally {
    await stream.close()
    await proxy.close()
    await engine.close()
  }
  return { made, losses, faults: total, comparisons, ...sum.counts, reconnects: stream.status.reconnects }
}

function add(into, { made, losses, ...counts }) {
  for (const [name, count] of Object.entries(counts)) into[name] = (into[name] ?? 0) + count
  for (const [what, counted] of Object.entries({ made, losses }))
    for (const [name, count] of Object.entries(counted)) {
      into[what] ??= {}
      into[what][name] = (into[what][name] ?? 0) + count
    }
}

async function fails(server, count, from, kept) {
  for (let attempt = 0; attempt < 3; attempt++) {
    const error = await segment(server, count, from, kept).then(
      () => undefined,
      reason => reason,
    )
    if (error) return error
  }
  return undefined
}

/** Leaves out halves, quarters, … single faults, as long as what is left still fails. */
async function shrink(server, count, from) {
  let kept = Array.from({ length: count }, (_, index) => index)
  if (!(await fails(server, count, from, new Set(kept)))) return console.log('it does not fail (three runs)')
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let at = 0; at < kept.length; ) {
      const fewer = [...kept.slice(0, at), ...kept.slice(at + size)]
      if (await fails(server, count, from, new Set(fewer))) {
        kept = fewer
        console.log(`still fails with ${kept.length}: --keep ${kept.join(',')}`)
      } else at += size
    }
}

console.log(`seed ${seed}`)
const endsMs = minutes === undefined ? Number.POSITIVE_INFINITY : performance.now() + minutes * 60_000
const totals = Object.fromEntries(servers.map(server => [server, {}]))
for (let round = 0; round * faultsPerSegment < faults && performance.now() < endsMs; round++)
  for (const server of servers) {
    if (performance.now() >= endsMs) break
    const count = Math.min(faultsPerSegment, faults - round * faultsPerSegment)
    if (given.shrink) {
      await shrink(server, count, seed + round)
      continue
    }
    try {
      add(totals[server], await segment(server, count, seed + round, keep))
    } catch (error) {
      const again = `npm run soak -- --faults ${count} --seed ${seed + round} --server ${server}`
      console.error(`FAILED: ${again}   (--shrink finds out which faults it takes)\n${error.stack}`)
      process.exit(1)
    }
  }
for (const [server, { made, losses, ...counts }] of Object.entries(totals)) {
  console.log(server, counts)
  console.log('  faults', JSON.stringify(made))
  console.log('  losses', JSON.stringify(losses))
}
