// Random changes and random faults between an engine and tails: the sum of what they yield must be what SELECT says, again and again, in every
// way to take it (tail-soak/ways.mjs), two of them at a time.
//
//   npm run soak -- tail --faults 500           faults for each of the four servers: SUBSCRIBE and TAIL, with and without history
//   npm run soak -- tail --minutes 3            as many as that takes
//   npm run soak -- tail --seed 7               the same changes and faults in the same order; without, the seed is a random one, and told
//   npm run soak -- tail --way tailAll          only this way to take it
//   npm run soak -- tail --faults 500 --write   also puts its table into bench/README.md
//
// It runs in segments of 50 faults, each with an engine of its own and a seed that is one higher. A segment that fails says its seed and
// server. To find out which faults it takes:
//
//   npm run soak -- tail --faults 50 --seed 1234 --server tail/0 --shrink          fewer and fewer, as long as it fails
//   npm run soak -- tail --faults 50 --seed 1234 --server tail/0 --keep 3,17,18    these and no others, with the same changes
//
// What is decided for a fault depends on the seed and its number alone, so that leaving others out changes nothing of it. Only the
// machine's timing is not in the seed: a candidate is tried three times.
import { parseArgs } from 'node:util'
import { startEngine } from '@mzalert/local-engine'
import { FaultProxy } from '@mzalert/tail-client/testing'
import pg from 'pg'
import { machine } from './lib/machine.mjs'
import { generator } from './lib/random.mjs'
import { replaceSection } from './lib/section.mjs'
import { sleep } from './lib/sleep.mjs'
import { table } from './lib/statistics.mjs'
import { escaped, ways, waysOf } from './tail-soak/ways.mjs'

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    faults: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    server: { type: 'string' },
    keep: { type: 'string' },
    way: { type: 'string' },
    shrink: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const minutes = given.minutes === undefined ? undefined : Number(given.minutes)
const faults = Number(
  given.faults ?? positionals[0] ?? (minutes === undefined ? 200 : Number.POSITIVE_INFINITY),
)
const seed = Number(given.seed ?? positionals[1] ?? Math.floor(Math.random() * 1_000_000))
const servers = ['subscribe/0', 'subscribe/60000', 'tail/0', 'tail/60000'].filter(
  name => given.server === undefined || name === given.server,
)
const wanted = given.way
const keep = given.keep === undefined ? undefined : new Set(given.keep.split(',').map(Number))
const faultsPerSegment = 50
/** Faults between two comparisons with SELECT. */
const faultsPerRound = 10
const settleWithinMs = 30_000
/** Nothing that a segment waits for takes as long: it hangs. */
const hangsAfterMs = 60_000

/** Resolves as `promise` does, but rejects when it takes so long that it never will. */
async function within(what, promise) {
  let timer
  const hang = new Promise((_, reject) => {
    timer = setTimeout(
      () =>
        reject(new Error(`${what}: hangs; what the process waits for: ${process.getActiveResourcesInfo()}`)),
      hangsAfterMs,
    )
  })
  try {
    return await Promise.race([promise, hang])
  } finally {
    clearTimeout(timer)
  }
}
const literal = text => `'${text.replaceAll("'", "''")}'`
const plain = (_, value) => (typeof value === 'bigint' ? String(value) : value)

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
const kindNames = Object.keys(kinds)

async function segment(server, count, from, kept) {
  const [generation, historyMs] = server.split('/')
  const engine = await startEngine({ generation, historyMs: Number(historyMs) })
  await engine.execute('create table t (k int, v text)')
  await engine.execute('create view w as select k, v, count(*) as n from t group by k, v')
  const proxy = await FaultProxy.start({ port: engine.port })
  const losses = {}
  let reconnects = 0
  const onLoss = code => {
    losses[code] = (losses[code] ?? 0) + 1
    reconnects++
  }
  // Each segment takes two ways, so that what is wrong with one is not hidden by its neighbour.
  const possible = waysOf(generation).filter(way => wanted === undefined || way === wanted)
  const chosen = [...new Set([possible[from % possible.length], possible[(from * 3 + 1) % possible.length]])]
  const followers = chosen.map((way, index) => ({
    way,
    ...ways[way]({ url: proxy.url, random: generator(from + index), onLoss }),
  }))
  const consumed = Promise.all(followers.map(({ ended }) => ended))
  consumed.catch(() => {})

  /** Everything written so far must arrive: then both sides are compared. */
  const compare = async () => {
    proxy.restore()
    const reader = new pg.Client(engine.url)
    await within('connecting to the engine', reader.connect())
    const { rows } = await within('the query of the view', reader.query('select k, v, n from w'))
    await within('closing the connection', reader.end())
    const expected = rows.map(({ k, v, n }) => `${k}\t${escaped(v)}\t${n}`).sort()
    const deadline = performance.now() + settleWithinMs
    for (const { way, contents, status } of followers)
      while (JSON.stringify(contents()) !== JSON.stringify(expected)) {
        await Promise.race([sleep(10), consumed])
        if (performance.now() > deadline)
          throw new Error(
            `${way}: the sum is not the view: ${JSON.stringify(contents())} instead of ${JSON.stringify(expected)}; ${JSON.stringify(status(), plain)}`,
          )
      }
  }
  const made = {}
  let [total, comparisons] = [0, 0]
  let ends = []
  try {
    for (let index = 0; index < count; index++) {
      const random = generator(Math.imul(from, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b))
      const changes = Math.floor(random() * 6)
      for (let i = 0; i < changes; i++) await within('a change', engine.execute(change(random)))
      const kind = kindNames[Math.floor(random() * kindNames.length)]
      if (kept === undefined || kept.has(index)) {
        await within(`the fault "${kind}"`, kinds[kind]({ engine, proxy }, random))
        made[kind] = (made[kind] ?? 0) + 1
        total++
      }
      await Promise.race([sleep(generator(index)() * 80), consumed])
      if ((index + 1) % faultsPerRound > 0 && index + 1 < count) continue
      await compare()
      comparisons++
    }
  } finally {
    ends = await Promise.allSettled(followers.map(({ way, close }) => within(`closing ${way}`, close())))
    await within('closing the proxy', proxy.close())
    await within('closing the engine', engine.close())
  }
  for (const { reason } of ends) if (reason !== undefined) throw reason
  const counted = { faults: total, comparisons, reconnects }
  const byWay = {}
  for (const { way, counts } of followers) {
    byWay[way] = 1
    for (const [name, value] of Object.entries(counts)) counted[name] = (counted[name] ?? 0) + value
  }
  return { made, losses, byWay, ...counted }
}

function add(into, { made, losses, byWay, ...counts }) {
  for (const [name, count] of Object.entries(counts)) into[name] = (into[name] ?? 0) + count
  for (const [what, counted] of Object.entries({ made, losses, byWay }))
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
let rounds = 0
for (let round = 0; round * faultsPerSegment < faults && performance.now() < endsMs; round++) {
  rounds = round + 1
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
      const again = `npm run soak -- tail --faults ${count} --seed ${seed + round} --server ${server}${wanted === undefined ? '' : ` --way '${wanted}'`}`
      console.error(`FAILED: ${again}   (--shrink finds out which faults it takes)\n${error.stack}`)
      process.exit(1)
    }
  }
}

const names = [
  'faults',
  'comparisons',
  'reconnects',
  'batches',
  'updates',
  'reconciled',
  'merged',
  'snapshots',
]
const report = [
  `${machine()}; seeds ${seed} to ${seed + rounds - 1}. After every ${faultsPerRound} faults both sides were compared: no update was lost, none came twice.`,
  table(
    ['server / history', ...names],
    Object.entries(totals).map(([server, counts]) => [server, ...names.map(name => counts[name] ?? 0)]),
  ),
].join('\n\n')
console.log(report)
for (const [server, { made, losses, byWay }] of Object.entries(totals)) {
  console.log(server)
  for (const [what, counted] of Object.entries({ faults: made, losses, segments: byWay }))
    console.log(`  ${what}`, JSON.stringify(counted))
}
if (given.write) replaceSection('soak', report)
