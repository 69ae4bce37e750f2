// A server in a process of its own that logs any client in and answers COPY with the same bytes, as fast as they are taken.
// `node server.mjs <rows>` prints its port.
import { createServer } from 'node:net'

const rows = Number(process.argv[2])
const columns = [
  'id int4',
  'organization text',
  'kind text',
  'count int8',
  'total int8',
  'price numeric',
  'ok bool',
  'at timestamp',
]
const oids = [23, 25, 25, 20, 20, 1700, 16, 1114]
const leading = [
  ['mz_timestamp', 1700],
  ['mz_progressed', 16],
  ['mz_diff', 20],
]

function message(type, ...parts) {
  const body = Buffer.concat(parts)
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

const text = value => Buffer.from(`${value}\0`)
const int16 = value => Buffer.from([value >> 8, value & 255])
const line = value => message('d', Buffer.from(`${value}\n`))
const progress = timestamp => line(`${timestamp}\tt${'\t\\N'.repeat(1 + columns.length)}`)
const ready = message('Z', Buffer.from('I'))

function field([name, oid]) {
  const rest = Buffer.alloc(18)
  rest.writeInt32BE(oid, 6)
  rest.writeInt32BE(-1, 12)
  return Buffer.concat([text(name), rest])
}

const description = [...leading, ...columns.map((column, index) => [column.split(' ')[0], oids[index]])]
const start = 1_795_000_000_000
const parts = [
  message('H', Buffer.from([0]), int16(description.length), Buffer.alloc(description.length * 2)),
  progress(start),
]
for (let i = 0; i < rows; i++)
  parts.push(
    line(
      `${start}\tf\t1\t${i}\torganization ${i % 40}\tcloud\t${i * 7}\t${i * 1001}\t${(i / 100).toFixed(2)}\tt\t2026-11-24 01:02:03.${i % 1000}`,
    ),
  )
parts.push(progress(start + 1), message('c'), message('C', text(`COPY ${rows + 2}`)), ready)
const stream = Buffer.concat(parts)

const server = createServer(socket => {
  let started = false
  socket.on('error', () => {})
  socket.on('data', chunk => {
    if (!started) {
      started = true
      const version = message('S', text('mz_version'), text('v0.147.0-bench'))
      return socket.write(
        Buffer.concat([message('R', Buffer.alloc(4)), version, message('K', Buffer.alloc(8)), ready]),
      )
    }
    if (chunk[0] === 0x50)
      return socket.write(
        Buffer.concat([
          message('1'),
          message('t', int16(0)),
          message('T', int16(description.length), ...description.map(field)),
          ready,
        ]),
      )
    if (chunk[0] === 0x51) socket.write(stream)
  })
})
server.listen(0, '127.0.0.1', () =>
  console.log(JSON.stringify({ port: server.address().port, bytes: stream.length })),
)
