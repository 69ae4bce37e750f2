// What a tail costs: rows that it holds, a consumer that stands still, and many tails at once; against a server that only sends.
import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { tail } from '@mzalert/tail-client'
import { messages, progress, update } from '@mzalert/tail-client/testing'
import { median } from '../lib/statistics.mjs'

const columns = [{ name: 'text', oid: 25 }]
const megabytes = bytes => (bytes / 1e6).toFixed(0)

/** Answers every COPY with what `stream` yields, as fast as it is taken. */
async function serve(stream) {
  const server = createServer(socket => {
    socket.on('error', () => {})
    let isLoggedIn = false
    socket.on('data', async chunk => {
      if (!isLoggedIn) {
        isLoggedIn = true
        const { authenticationOk, parameterStatus, backendKeyData, readyForQuery } = messages
        const login = [
          authenticationOk(),
          parameterStatus('mz_version', 'v0.147.0 (bench)'),
          backendKeyData(1, 1),
        ]
        return socket.write(Buffer.concat([...login, readyForQuery()]))
      }
      if (chunk[0] === 0x50) {
        const leading = ['mz_timestamp', 'mz_progressed', 'mz_diff'].map(name => ({ name, oid: 1700 }))
        const { parseComplete, parameterDescription, rowDescription, readyForQuery } = messages
        const described = [parseComplete(), parameterDescription(), rowDescription([...leading, ...columns])]
        return socket.write(Buffer.concat([...described, readyForQuery()]))
      }
      if (chunk[0] !== 0x51) return
      if (chunk.includes('AS OF'))
        return socket.write(
          Buffer.concat([
            messages.error('22000', 'could not find a valid timestamp for the query'),
            messages.readyForQuery(),
          ]),
        )
      socket.write(messages.copyOut(4))
      for (const part of stream(socket)) {
        if (socket.destroyed) return
        if (!socket.write(part)) await drained(socket)
      }
    })
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  return {
    url: `postgres://u@127.0.0.1:${port}/m`,
    close: () => new Promise(resolve => server.close(resolve)),
  }
}

function* snapshot(rows) {
  yield progress(1)
  for (let from = 0; from < rows; from += 1000) {
    const part = []
    for (let i = from; i < from + 1000; i++)
      part.push(update(1, 1, `${i} organization ${i % 40} has too many deployments, again`))
    yield Buffer.concat(part)
  }
  yield Buffer.concat([progress(2), progress(3)])
}

/** The same, a hundredth of it other rows. */
function* snapshotLater(rows) {
  yield progress(10)
  for (let from = 0; from < rows; from += 1000) {
    const part = []
    for (let i = from; i < from + 1000; i++)
      part.push(
        update(
          10,
          1,
          `${i % 100 === 0 ? i + rows : i} organization ${i % 40} has too many deployments, again`,
        ),
      )
    yield Buffer.concat(part)
  }
  yield progress(11)
}

function* endless() {
  yield progress(1)
  yield progress(2)
  const wide = 'x'.repeat(1000)
  for (let timestamp = 2; ; timestamp++)
    yield Buffer.concat([update(timestamp, 1, `${timestamp} ${wide}`), progress(timestamp + 1)])
}

const outside = () => {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return { heapUsed, arrayBuffers }
}

async function held(rows) {
  const server = await serve(() => snapshot(rows))
  const before = outside()
  const from = performance.now()
  const stream = tail('v', { connection: server.url }).batches({ partRows: 10_000 })
  let seen = 0
  let longestMs = 0
  let last = performance.now()
  let isOver = false
  const tick = () => {
    longestMs = Math.max(longestMs, performance.now() - last)
    last = performance.now()
    if (!isOver) setImmediate(tick)
  }
  setImmediate(tick)
  while (seen < rows) seen += (await stream.next()).value.updates.length
  // The batch itself is let go with the next one.
  await stream.next()
  const ms = performance.now() - from
  isOver = true
  const after = outside()
  const perRow = (after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed) / rows
  console.log(
    `- ${rows} rows of 55 bytes into held state: ${ms.toFixed(0)} ms with the server in the same process, ${perRow.toFixed(0)} bytes per row kept, of which ${((after.heapUsed - before.heapUsed) / rows).toFixed(0)} in the JavaScript heap; the event loop was held for ${longestMs.toFixed(0)} ms at most.`,
  )
  await stream.return()
  await server.close()
}

/** A lost connection to a server without history: the same rows come again, and are compared with those that are held. */
async function resumed(rows) {
  let connections = 0
  let lose = () => {}
  const server = await serve(socket => {
    lose = () => socket.destroy()
    return connections++ === 0 ? snapshot(rows) : snapshotLater(rows)
  })
  const before = outside()
  const stream = tail('v', { connection: server.url, retry: { initialMs: 1 } }).batches({ partRows: 10_000 })
  for (let seen = 0; seen < rows; ) seen += (await stream.next()).value.updates.length
  await stream.next()
  const held = outside()
  const size = ({ arrayBuffers, heapUsed }) => arrayBuffers + heapUsed
  let most = 0
  let isOver = false
  const sample = () => {
    // Else what is measured is when the garbage is collected; once is not enough, since buffers are freed beside.
    globalThis.gc?.()
    globalThis.gc?.()
    most = Math.max(most, size(process.memoryUsage()))
    if (!isOver) setTimeout(sample, 20)
  }
  sample()
  const from = performance.now()
  lose()
  let { value } = await stream.next()
  while (value.kind !== 'reconciled') ({ value } = await stream.next())
  const ms = performance.now() - from
  isOver = true
  let updates = value.updates.length
  while (value.part && !value.part.isLast) {
    ;({ value } = await stream.next())
    updates += value.updates.length
  }
  const collection = size(held) - size(before)
  console.log(
    `- A lost connection with ${rows} rows held, to a server without history, of which a hundredth has changed: one pass, ${updates} updates, ${ms.toFixed(0)} ms with the garbage collected every 20 ms; at most ${((most - size(held)) / collection).toFixed(2)}x the rows held in addition (wanted: 1x).`,
  )
  await stream.return()
  await server.close()
}

/** Of a fresh process, everything that it needs included. */
async function imported(rounds) {
  const script = `const from = performance.now(); await import('@mzalert/tail-client'); console.log(performance.now() - from)`
  const cwd = fileURLToPath(new URL('.', import.meta.url))
  const times = []
  for (let round = 0; round < rounds; round++) {
    const words = ['--input-type=module', '--eval', script]
    times.push(Number((await promisify(execFile)(process.execPath, words, { cwd })).stdout))
  }
  console.log(
    `- To import it takes ${median(times).toFixed(0)} ms, with pg and eventemitter3 (wanted: 60 ms).`,
  )
}

async function stalled(seconds) {
  const server = await serve(endless)
  const tailed = tail('v', { connection: server.url, onHistoryLost: 'fail' })
  const stream = tailed.batches()
  await stream.next()
  const samples = []
  for (let i = 0; i < seconds * 4; i++) {
    await new Promise(resolve => setTimeout(resolve, 250))
    samples.push(process.memoryUsage().rss)
  }
  const half = samples.slice(samples.length / 2)
  console.log(
    `- A consumer that stands still under full flow for ${seconds} s: ${megabytes(tailed.status.bufferedBytes)} MB wait, RSS between ${megabytes(Math.min(...half))} and ${megabytes(Math.max(...half))} MB in the second half.`,
  )
  await stream.return()
  await server.close()
}

async function many(count) {
  const rows = 1000
  const server = await serve(() => snapshot(rows))
  const before = outside()
  const from = performance.now()
  const streams = Array.from({ length: count }, () => tail('v', { connection: server.url }).batches())
  const batches = await Promise.all(streams.map(stream => stream.next()))
  const ms = performance.now() - from
  if (batches.some(({ value }) => value.updates.length !== rows)) throw new Error('a tail saw something else')
  batches.length = 0
  const after = outside()
  const bytes = after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed
  console.log(
    `- ${count} tails at once, ${rows} rows each: all snapshots after ${ms.toFixed(0)} ms, ${Math.round(bytes / count / 1000)} kB a tail.`,
  )
  await Promise.all(streams.map(stream => stream.return()))
  await server.close()
}

/** Prints a list. */
export async function measureLoad(rows) {
  console.log('#### What a tail costs\n')
  await imported(9)
  await held(rows)
  await resumed(rows)
  await stalled(10)
  await many(100)
  console.log('')
}

/** Resolves when more can be written, or nobody reads any more. */
function drained(socket) {
  return new Promise(resolve => {
    const done = () => {
      socket.off('drain', done).off('close', done)
      resolve()
    }
    socket.on('drain', done).on('close', done)
  })
}
