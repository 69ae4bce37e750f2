// Reads the same snapshot from the same server in several ways, in turn, and prints medians and ratios.
// `npm run bench -- [rows] [rounds]`
import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { tail } from '@mzalert/tail-client'
import pg from 'pg'
import { to } from 'pg-copy-streams'

const rows = Number(process.argv[2] ?? 300_000)
const rounds = Number(process.argv[3] ?? 5)
const child = spawn(process.execPath, [fileURLToPath(new URL('server.mjs', import.meta.url)), String(rows)], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const { port, bytes } = JSON.parse(
  await new Promise(resolve => createInterface(child.stdout).once('line', resolve)),
)
const url = `postgres://materialize@127.0.0.1:${port}/materialize`
const statement = 'COPY (SUBSCRIBE "v" WITH (PROGRESS)) TO STDOUT'

const ways = {
  'raw socket, bytes counted': rawSocket,
  'pg-copy-streams, split and typed': copyStreams,
  'tail().batches()': ours,
}

/** The floor: nothing is faster than not looking. */
function rawSocket() {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    const startup = Buffer.from('user\0materialize\0\0')
    const head = Buffer.alloc(8)
    head.writeInt32BE(8 + startup.length)
    head.writeInt32BE(196_608, 4)
    socket.write(Buffer.concat([head, startup]))
    let isLoggedIn = false
    let seen = 0
    socket.on('data', chunk => {
      if (!isLoggedIn) {
        isLoggedIn = true
        const body = Buffer.from(`${statement}\0`)
        const query = Buffer.alloc(5)
        query.write('Q')
        query.writeInt32BE(4 + body.length, 1)
        return socket.write(Buffer.concat([query, body]))
      }
      seen += chunk.length
      if (seen < bytes) return
      socket.destroy()
      resolve(rows)
    })
  })
}

/** What one would write by hand, with the same types; the rows' columns only. */
async function copyStreams() {
  const client = new pg.Client(url)
  await client.connect()
  const stream = client.query(to(statement))
  let rest = ''
  let count = 0
  let last
  for await (const chunk of stream) {
    const lines = (rest + chunk.toString('utf8')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const [timestamp, progressed, diff, id, organization, kind, n, total, price, ok, at] = line.split('\t')
      if (progressed === 't') continue
      last = {
        timestamp: BigInt(timestamp),
        diff: Number(diff),
        row: {
          id: Number(id),
          organization,
          kind,
          count: BigInt(n),
          total: BigInt(total),
          price,
          ok: ok === 't',
          at,
        },
      }
      count += last.diff
    }
  }
  await client.end()
  return count
}

async function ours() {
  let count = 0
  for await (const { updates } of tail('v', { connection: url, retry: false }).batches()) {
    count += updates.length
    if (count >= rows) break
  }
  return count
}

const results = Object.fromEntries(Object.keys(ways).map(name => [name, []]))
try {
  for (let round = 0; round <= rounds; round++)
    for (const [name, way] of Object.entries(ways)) {
      globalThis.gc?.()
      const before = process.cpuUsage()
      const start = performance.now()
      const count = await way()
      if (count !== rows) throw new Error(`${name} saw ${count} rows, not ${rows}`)
      // The first round warms everything up.
      const ms = performance.now() - start
      const { user, system } = process.cpuUsage(before)
      if (round > 0) results[name].push({ ms, cpuMs: (user + system) / 1000 })
    }
} finally {
  child.kill()
}

const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
const medians = Object.entries(results).map(([name, runs]) => ({
  name,
  ms: median(runs.map(run => run.ms)),
  cpuMs: median(runs.map(run => run.cpuMs)),
}))
const own = medians.find(({ name }) => name === 'tail().batches()')
console.log(
  `${rows} updates of 8 columns, ${(bytes / 1e6).toFixed(0)} MB, ${rounds} rounds, Node ${process.versions.node}`,
)
for (const { name, ms, cpuMs } of medians) {
  const rate = ((rows / ms) * 1000).toFixed(0).padStart(9)
  console.log(
    `${name.padEnd(34)} ${ms.toFixed(0).padStart(6)} ms ${cpuMs.toFixed(0).padStart(6)} ms CPU ${rate} rows/s  ${(ms / own.ms).toFixed(2)}x of ours`,
  )
}
