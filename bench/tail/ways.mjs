// The ways to read a stream that are measured: each reads the table to its end, with the same types where it makes rows, and gives
// how many updates it saw. `node ways.mjs <way> <url> <table> <updates>` reads twice, and prints the second time as JSON.
import { spawn } from 'node:child_process'
import { connect, Socket } from 'node:net'
import { tail } from '@mzalert/tail-client'
import pg from 'pg'
import { to } from 'pg-copy-streams'
import QueryStream from 'pg-query-stream'
import postgres from 'postgres'

const fetchRows = 10_000
/** As `tail()` gives them: `pg` would give int8, numeric and dates as text or Date otherwise. */
const types = {
  getTypeParser: oid =>
    oid === 20 ? BigInt : oid === 23 ? Number : oid === 16 ? text => text === 't' : text => text,
}

export const ways = {
  'raw socket, bytes counted': rawSocket,
  'psql, to /dev/null': psql,
  'tail().batches()': (url, table, updates) => ours(url, table, updates, {}),
  "tail().batches(), onHistoryLost: 'fail'": (url, table, updates) =>
    ours(url, table, updates, { onHistoryLost: 'fail' }),
  'pg-copy-streams + split, typed': copyStreams,
  'postgres.js .readable() + split, typed': postgresReadable,
  'pg DECLARE/FETCH': declareFetch,
  'pg-query-stream': queryStream,
  'postgres.js cursor': postgresCursor,
}

/** The floor: nothing is faster than not looking. */
function rawSocket(url, table) {
  const { port, username, pathname } = new URL(url)
  return new Promise(resolve => {
    const socket = connect(Number(port), '127.0.0.1')
    const startup = Buffer.from(`user\0${username}\0database\0${pathname.slice(1)}\0\0`)
    const head = Buffer.alloc(8)
    head.writeInt32BE(8 + startup.length)
    head.writeInt32BE(196_608, 4)
    socket.write(Buffer.concat([head, startup]))
    let isLoggedIn = false
    let last = Buffer.alloc(0)
    socket.on('data', chunk => {
      const end = Buffer.concat([last, chunk.subarray(-64)]).subarray(-64)
      last = end
      // ReadyForQuery is the last message of an answer.
      if (end.at(-6) !== 0x5a || end.readInt32BE(end.length - 5) !== 5) return
      if (!isLoggedIn) {
        isLoggedIn = true
        const body = Buffer.from(`COPY ${table} TO STDOUT\0`)
        const query = Buffer.alloc(5)
        query.write('Q')
        query.writeInt32BE(4 + body.length, 1)
        return socket.write(Buffer.concat([query, body]))
      }
      socket.destroy()
      resolve(undefined)
    })
  })
}

function psql(url, table) {
  return new Promise((resolve, reject) => {
    const child = spawn('psql', [url, '-qAtc', `COPY ${table} TO STDOUT`], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    child.once('error', reject)
    child.once('exit', code =>
      code === 0 ? resolve(undefined) : reject(new Error(`psql ended with ${code}`)),
    )
  })
}

/**
 * PostgreSQL knows no SUBSCRIBE: on the way to the socket, and nowhere else, the statement becomes the COPY that the others send too.
 */
function speakPostgres(table) {
  const write = Socket.prototype.write
  const message = (type, ...parts) => {
    const body = Buffer.concat(parts.map(part => Buffer.from(part)))
    const head = Buffer.alloc(5)
    head.write(type)
    head.writeInt32BE(4 + body.length, 1)
    return Buffer.concat([head, body])
  }
  Socket.prototype.write = function (chunk, ...rest) {
    const isStatement = Buffer.isBuffer(chunk) && chunk.includes('SUBSCRIBE')
    if (!isStatement) return write.call(this, chunk, ...rest)
    const copy = message('Q', `COPY ${table} TO STDOUT\0`)
    const describe = [message('P', `\0SELECT * FROM ${table}\0\0\0`), message('D', 'S\0'), message('S')]
    return write.call(this, chunk[0] === 0x51 ? copy : Buffer.concat(describe), ...rest)
  }
  return () => {
    Socket.prototype.write = write
  }
}

async function ours(connection, table, updates, options) {
  const restore = speakPostgres(table)
  let count = 0
  const stream = tail(table, { connection, generation: 'subscribe', retry: {}, ...options })
  for await (const batch of stream.batches({ partRows: 2000 })) {
    count += batch.updates.length
    if (count >= updates) break
  }
  restore()
  return count
}

function* splitRows(text) {
  for (const line of text) {
    const [timestamp, progressed, diff, id, organization, kind, n, total, price, ok, at] = line.split('\t')
    if (progressed === 't') continue
    const row = {
      id: Number(id),
      organization,
      kind: kind === '\\N' ? null : kind,
      count: BigInt(n),
      total: BigInt(total),
      price,
      ok: ok === 't',
      at,
    }
    yield { timestamp: BigInt(timestamp), diff: Number(diff), row }
  }
}

/** What one would write by hand; text outside ASCII that is cut by a chunk comes out wrong. */
async function countSplit(stream) {
  let rest = ''
  let count = 0
  for await (const chunk of stream) {
    const lines = (rest + chunk.toString('utf8')).split('\n')
    rest = lines.pop() ?? ''
    for (const { diff } of splitRows(lines)) if (diff !== 0) count++
  }
  return count
}

async function withClient(url, use) {
  const client = new pg.Client({ connectionString: url, types })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

function copyStreams(url, table) {
  return withClient(url, client => countSplit(client.query(to(`COPY ${table} TO STDOUT`))))
}

function declareFetch(url, table) {
  return withClient(url, async client => {
    await client.query('BEGIN')
    await client.query(`DECLARE c CURSOR FOR SELECT * FROM ${table}`)
    let count = 0
    for (;;) {
      const { rows } = await client.query(`FETCH ${fetchRows} c`)
      for (const row of rows) if (!row.mz_progressed) count++
      if (rows.length === 0) return count
    }
  })
}

function queryStream(url, table) {
  return withClient(url, async client => {
    const stream = client.query(
      new QueryStream(`SELECT * FROM ${table}`, [], { batchSize: fetchRows, types }),
    )
    let count = 0
    for await (const row of stream) if (!row.mz_progressed) count++
    return count
  })
}

async function withPostgresJs(url, use) {
  const sql = postgres(url, { max: 1, fetch_types: false, types: { bigint: postgres.BigInt } })
  try {
    return await use(sql)
  } finally {
    await sql.end()
  }
}

function postgresReadable(url, table) {
  return withPostgresJs(url, async sql => countSplit(await sql`COPY ${sql(table)} TO STDOUT`.readable()))
}

function postgresCursor(url, table) {
  return withPostgresJs(url, async sql => {
    let count = 0
    await sql`SELECT * FROM ${sql(table)}`.cursor(fetchRows, rows => {
      for (const row of rows) if (!row.mz_progressed) count++
    })
    return count
  })
}

const [way, url, tableName, updates] = process.argv.slice(2)
if (way !== undefined && ways[way]) {
  await ways[way](url, tableName, Number(updates))
  const before = process.cpuUsage()
  const start = performance.now()
  const count = (await ways[way](url, tableName, Number(updates))) ?? Number(updates)
  const ms = performance.now() - start
  if (count !== Number(updates)) throw new Error(`${way} saw ${count} updates, not ${updates}`)
  const { user, system } = process.cpuUsage(before)
  console.log(
    JSON.stringify({ ms, cpuMs: (user + system) / 1000, rssBytes: process.resourceUsage().maxRSS * 1024 }),
  )
  process.exit(0)
}
