// Random changes and random faults between the engine and a tail, for as many faults as asked; the sum of what the tail yields must
// be what SELECT says, again and again. `npm run soak -- [faults] [seed]`; the seed makes the same faults in the same order.
import { startEngine } from '@mzalert/local-engine'
import { tail } from '@mzalert/tail-client'
import { FaultProxy } from '@mzalert/tail-client/testing'
import pg from 'pg'

const faults = Number(process.argv[2] ?? 200)
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000)
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

async function soak(generation, historyMs, random) {
  const engine = await startEngine({ generation, historyMs })
  await engine.execute('create table t (k int, v text)')
  await engine.execute('create view w as select k, v, count(*) as n from t group by k, v')
  const proxy = await FaultProxy.start({ port: engine.port })
  const writer = new pg.Client(engine.url)
  await writer.connect()
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

  const change = () => {
    const k = Math.floor(random() * 8)
    const v = ['a', 'b', 'ü', 'tab\t', 'line\n', '\\', ''][Math.floor(random() * 7)]
    const kind = random()
    if (kind < 0.6) return writer.query('insert into t values ($1, $2), ($1, $3)', [k, v, v])
    if (kind < 0.8) return writer.query('update t set v = $2 where k = $1', [k, v])
    return writer.query('delete from t where k = $1', [k])
  }
  const fault = async () => {
    const kind = Math.floor(random() * 5)
    if (kind === 0) proxy.cut()
    if (kind === 1) proxy.cutAfterBytes(1 + Math.floor(random() * 600))
    if (kind === 2) proxy.splitBytes = 1 + Math.floor(random() * 7)
    if (kind === 3) {
      proxy.refuse()
      await sleep(random() * 40)
      proxy.restore()
    }
    if (kind === 4) {
      proxy.stall()
      await sleep(random() * 60)
      if (random() < 0.5) proxy.cut()
      proxy.restore()
    }
  }
  /** Everything written so far must arrive: then both sides are compared. */
  const compare = async () => {
    proxy.restore()
    const { rows } = await writer.query('select k, v, n from w')
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
  let comparisons = 0
  try {
    for (let made = 0; made < faults; made++) {
      const changes = Math.floor(random() * 6)
      for (let i = 0; i < changes; i++) await change()
      await fault()
      await Promise.race([sleep(random() * 80), consumed])
      if ((made + 1) % faultsPerRound > 0 && made + 1 < faults) continue
      await compare()
      comparisons++
    }
  } finally {
    await stream.close()
    await writer.end()
    await proxy.close()
    await engine.close()
  }
  return {
    generation,
    historyMs,
    faults,
    comparisons,
    ...sum.counts,
    reconnects: stream.status.reconnects,
    losses: JSON.stringify(losses),
  }
}

const plain = (_, value) => (typeof value === 'bigint' ? String(value) : value)
const escaped = text =>
  text.replace(/[\\\t\n\r]/g, char => ({ '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' })[char])

console.log(`seed ${seed}`)
const random = generator(seed)
try {
  for (const generation of ['subscribe', 'tail'])
    for (const historyMs of [0, 60_000]) console.log(await soak(generation, historyMs, random))
} catch (error) {
  console.error(`seed ${seed}: ${error.stack}`)
  process.exit(1)
}
