// tail-client beside six other ways to read the same stream from PostgreSQL; decoding in memory; what a tail costs.
// `npm run bench -- tail [updates] [rounds]`
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { machine } from '../lib/machine.mjs'
import { startPostgres } from '../lib/postgres.mjs'
import { median, table } from '../lib/statistics.mjs'
import { headline } from '../lib/summary.mjs'
import { measureDecoding } from './decode.mjs'
import { measureLoad } from './load.mjs'
import { ways } from './ways.mjs'

const updates = Number(process.argv[2] ?? 1_000_000)
const rounds = Number(process.argv[3] ?? 5)
const floor = 'raw socket, bytes counted'
const own = 'tail().batches()'

const columns = 'mz_timestamp, mz_progressed, mz_diff, id, organization, kind, count, total, price, ok, at'
/** Every twentieth name is not ASCII, every tenth kind NULL. */
const row = i => `${i}, case ${i} % 20 when 7 then 'Gemüse Straße ' else 'organization ' end || ${i} % 40,
  case ${i} % 10 when 3 then null else 'cloud' end, ${i} * 7::int8, ${i} * 1001::int8,
  (${i} / 100.0)::numeric(12,2), true, timestamp '2026-11-24 01:02:03' + ${i} * interval '1 ms'`
const start = 1_795_000_000_000
const progress = t =>
  `select ${t}, true, null::int8, null::int4, null, null, null::int8, null::int8, null::numeric, null::bool, null::timestamp`

/** What a view of 50,000 rows sends whose rows come and go, a thousand updates at a time; and the same number as one snapshot. */
const tables = {
  stream: `
    select ts, false, 1::int8, ${row('i')} from (select i, ${start} + 1 + i / 500 as ts from generate_series(0, ${updates / 2 + 24_999}) i) s
    union all select ts, false, -1::int8, ${row('i')} from (select i, ${start} + 101 + i / 500 as ts from generate_series(0, ${updates / 2 - 25_001}) i) s
    union all ${progress(`${start} + 1`)}
    union all select * from (select t + 1, true, null::int8, null::int4, null, null, null::int8, null::int8, null::numeric, null::bool, null::timestamp
      from generate_series(${start} + 1, ${start} + 1 + ${updates / 1000 + 49}) t) p
    order by 1, 2 desc`,
  snapshot: `
    ${progress(start)}
    union all select ${start}, false, 1::int8, ${row('i')} from generate_series(1, ${updates}) i
    union all ${progress(start + 1)}`,
}

const titles = {
  stream: 'A stream whose rows come and go, a thousand updates a timestamp',
  snapshot: 'One snapshot',
}

const postgres = await startPostgres()
const client = new pg.Client(postgres.url)
try {
  await client.connect()
  const [{ version }] = (await client.query('select version()')).rows
  console.log(
    `${machine()}, ${version.split(' on ')[0]}; medians of ${rounds} interleaved rounds, each in a process of its own.\n`,
  )
  for (const [name, contents] of Object.entries(tables)) {
    // CREATE TABLE AS keeps the order of the rows; INSERT fills gaps in earlier pages.
    await client.query(`create table ${name} (${columns}) as ${contents}`)
    const [{ bytes, count }] = (
      await client.query(
        `select sum(length(t::text))::int8 as bytes, count(*) filter (where not mz_progressed)::int4 as count from ${name} t`,
      )
    ).rows
    const results = await measure(name, count)
    console.log(
      `#### ${titles[name]}: ${count} updates, about ${Math.round(Number(bytes) / 1e6)} MB\n\n${report(results, count)}\n`,
    )
    const perSecond = way => `${Math.round(count / median(results.get(way).map(({ ms }) => ms)))}k`
    const peers = Object.keys(ways).filter(way => !/^(tail|raw|psql)/.test(way))
    headline(
      `${titles[name]}, from PostgreSQL: rows a second`,
      perSecond(own),
      Object.fromEntries(peers.map(way => [way.replace(' + split, typed', ''), perSecond(way)])),
    )
  }
} finally {
  await client.end()
  await postgres.close()
}
await measureDecoding(updates, rounds)
await measureLoad(updates)

async function measure(name, count) {
  const script = fileURLToPath(new URL('ways.mjs', import.meta.url))
  const results = new Map(Object.keys(ways).map(way => [way, []]))
  for (let round = 0; round < rounds; round++)
    for (const [way, runs] of results) {
      const { stdout } = await promisify(execFile)(process.execPath, [
        script,
        way,
        postgres.url,
        name,
        String(count),
      ])
      runs.push(JSON.parse(stdout))
    }
  return results
}

function report(results, count) {
  const of = (way, what) => median(results.get(way).map(run => run[what]))
  const rows = [...results.keys()].map(way => [
    way,
    of(way, 'ms').toFixed(0),
    way.startsWith('psql') ? '' : of(way, 'cpuMs').toFixed(0),
    way.startsWith('psql') ? '' : (of(way, 'rssBytes') / 1e6).toFixed(0),
    ((count / of(way, 'ms')) * 1000).toFixed(0),
    `${(of(way, 'ms') / of(floor, 'ms')).toFixed(2)}x`,
    `${(of(way, 'ms') / of(own, 'ms')).toFixed(2)}x`,
  ])
  return table(['way', 'ms', 'CPU ms', 'peak MB', 'updates/s', 'of the floor', 'of ours'], rows)
}
