// From bytes in memory to typed updates: ours, and two ways to split by hand.
import { StringDecoder } from 'node:string_decoder'
import { fromCopyStream } from '@mzalert/tail-client'
import { median, table } from '../lib/statistics.mjs'

const chunkBytes = 65_536
const columnsOf = int8 => [
  { name: 'id', oid: 23 },
  { name: 'organization', oid: 25 },
  { name: 'kind', oid: 25 },
  { name: 'count', oid: int8 ? 20 : 23 },
  { name: 'total', oid: int8 ? 20 : 23 },
  { name: 'price', oid: 1700 },
  { name: 'ok', oid: 16 },
  { name: 'at', oid: 1114 },
]
const start = 1_795_000_000_000

/**
 * COPY text of so many updates, a thousand a timestamp, as lines; a server sends each in a message of its own. Every twentieth name is not
 * ASCII, every tenth kind NULL.
 */
function* lines(updates) {
  const progress = timestamp => `${timestamp}\tt${'\t\\N'.repeat(9)}\n`
  yield progress(start)
  for (let i = 0; i < updates; i++) {
    const timestamp = start + Math.floor(i / 1000)
    yield `${timestamp}\tf\t1\t${i}\t${i % 20 === 7 ? 'Gemüse Straße' : 'organization'} ${i % 40}\t${i % 10 === 3 ? '\\N' : 'cloud'}\t${i * 7}\t${i * 1001}\t${(i / 100).toFixed(2)}\tt\t2026-11-24 01:02:03.${i % 1000}\n`
    if (i % 1000 === 999) yield progress(timestamp + 1)
  }
}

function typed(line, toInt8) {
  const [timestamp, progressed, diff, id, organization, kind, n, total, price, ok, at] = line.split('\t')
  if (progressed === 't') return undefined
  const row = {
    id: Number(id),
    organization,
    kind: kind === '\\N' ? null : kind,
    count: toInt8(n),
    total: toInt8(total),
    price,
    ok: ok === 't',
    at,
  }
  return { timestamp: BigInt(timestamp), diff: Number(diff), row }
}

/** Prints a table; `updates` a run, medians of `rounds`. */
export async function measureDecoding(updates, rounds) {
  const messages = Array.from(lines(updates), line => Buffer.from(line))
  const text = Buffer.concat(messages)
  const chunks = Array.from({ length: Math.ceil(text.length / chunkBytes) }, (_, i) =>
    Buffer.from(text.subarray(i * chunkBytes, (i + 1) * chunkBytes)),
  )
  const rows = []
  for (const int8 of [false, true]) {
    const toInt8 = int8 ? BigInt : Number
    const ways = {
      'fromCopyStream()': async () => {
        let count = 0
        for await (const batch of fromCopyStream(chunks, { columns: columnsOf(int8) }))
          count += batch.updates.length
        return count
      },
      'a split per chunk, by hand': async () => {
        const characters = new StringDecoder('utf8')
        let rest = ''
        let count = 0
        for (const chunk of chunks) {
          const split = (rest + characters.write(chunk)).split('\n')
          rest = split.pop() ?? ''
          for (const line of split) if (typed(line, toInt8)) count++
        }
        return count
      },
      'a split per message, by hand': async () => {
        let count = 0
        for (const message of messages)
          if (typed(message.toString('utf8', 0, message.length - 1), toInt8)) count++
        return count
      },
    }
    const results = Object.fromEntries(Object.keys(ways).map(way => [way, []]))
    for (let round = 0; round <= rounds; round++)
      for (const [way, run] of Object.entries(ways)) {
        globalThis.gc?.()
        const before = process.cpuUsage()
        const from = performance.now()
        const count = await run()
        const ms = performance.now() - from
        if (count !== updates) throw new Error(`${way} saw ${count} updates, not ${updates}`)
        const { user, system } = process.cpuUsage(before)
        // The first round warms everything up.
        if (round > 0) results[way].push({ ms, cpuMs: (user + system) / 1000 })
      }
    const own = median(results['fromCopyStream()'].map(({ ms }) => ms))
    for (const [way, runs] of Object.entries(results)) {
      const ms = median(runs.map(run => run.ms))
      const cpuMs = median(runs.map(run => run.cpuMs))
      const rate = `${(updates / ms / 1000).toFixed(2)} M/s`
      rows.push([
        way,
        int8 ? 'two' : 'none',
        ms.toFixed(0),
        cpuMs.toFixed(0),
        rate,
        `${(ms / own).toFixed(2)}x`,
      ])
    }
  }
  console.log(`#### Decoding in memory: ${updates} updates, ${Math.round(text.length / 1e6)} MB\n`)
  console.log(`${table(['way', 'int8 columns', 'ms', 'CPU ms', 'updates', 'of ours'], rows)}\n`)
}
