// The ways to follow the view `w` that the soak of tails takes by turns. Each is started with a URL and says what it has: `contents()`, the rows in
// order; `ended`, which rejects if it fails; `close()`; and what it has counted.
import { tail, tailAll } from '@mzalert/tail-client'
import { sleep } from '../lib/sleep.mjs'
import { Sum } from './sum.mjs'

const impatient = { retry: { initialMs: 5, maxMs: 50 }, progressTimeoutMs: 3000, connectTimeoutMs: 2000 }

/** The ways; `random` is in [0, 1), `onLoss` is told every loss. */
export const ways = {
  batches: one({}),
  parts: one({ partRows: 2 }),
  'slow, paused': one({ maxBufferedBytes: 1000, slowMs: 200 }),
  'slow, consolidated': one({ maxBufferedBytes: 1000, slowMs: 200, whenFull: 'consolidate' }),
  updates,
  collection,
  tailAll: together,
  checkpoints,
  tokens,
  upTo,
}

/** `upTo` needs SUBSCRIBE. */
export const waysOf = generation =>
  Object.keys(ways).filter(way => way !== 'upTo' || generation === 'subscribe')

function watched(stream, onLoss) {
  stream.events.on('retry', ({ error }) => onLoss(error.code))
  return stream
}

function handle(sum, run, close) {
  let isClosed = false
  const ended = run(() => isClosed)
  ended.catch(() => {})
  return {
    ended,
    contents: () => sum.contents(),
    counts: sum.counts,
    status: () => ({ frontier: sum.frontier }),
    close: async () => {
      isClosed = true
      await close()
      await ended
    },
  }
}

function one({ partRows, slowMs = 0, ...options }) {
  return ({ url, random, onLoss }) => {
    const sum = new Sum()
    const stream = watched(tail('w', { connection: url, ...impatient, ...options }), onLoss)
    const run = async () => {
      for await (const batch of stream.batches(partRows === undefined ? {} : { partRows })) {
        sum.add(batch)
        if (slowMs > 0) await sleep(random() * slowMs)
      }
    }
    return { ...handle(sum, run, () => stream.close()), status: () => stream.status }
  }
}

/** Single updates say nothing of batches: what they add up to is all there is to check. */
function updates({ url, onLoss }) {
  const rows = new Map()
  const counts = { updates: 0 }
  const stream = watched(tail('w', { connection: url, ...impatient }), onLoss)
  const run = async () => {
    for await (const { raw, diff } of stream) {
      counts.updates++
      const multiplicity = (rows.get(raw) ?? 0) + diff
      if (multiplicity === 0) rows.delete(raw)
      else rows.set(raw, multiplicity)
    }
  }
  const contents = () =>
    [...rows].flatMap(([raw, multiplicity]) => Array(Math.max(multiplicity, 0)).fill(raw)).sort()
  return { ...handle({ contents, counts }, run, () => stream.close()), status: () => stream.status }
}

export const escaped = text =>
  text.replace(/[\\\t\n\r]/g, char => ({ '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' })[char])

function collection({ url, onLoss }) {
  const stream = watched(tail('w', { connection: url, ...impatient }), onLoss)
  const live = stream.collection()
  const counts = { updates: 0 }
  live.events.on('change', ({ updates: changed }) => {
    counts.updates += changed.length
  })
  const contents = () =>
    live
      .rows()
      .map(({ k, v, n }) => `${k}\t${escaped(v)}\t${n}`)
      .sort()
  return {
    ...handle(
      { contents, counts },
      () => live.ended,
      () => live.close(),
    ),
    status: () => stream.status,
  }
}

/** The view and the table that it counts, step by step. The engine evaluates each by itself, so that they need not fit at every step. */
function together({ url, onLoss }) {
  const [view, table] = [new Sum(), new Sum()]
  const options = { connection: url, ...impatient }
  const streams = { view: watched(tail('w', options), onLoss), table: watched(tail('t', options), onLoss) }
  const run = async () => {
    for await (const { lower, upper, updates: at } of tailAll(streams)) {
      view.add({ kind: 'changes', lower, upper, updates: at.view })
      table.add({ kind: 'changes', lower, upper, updates: at.table })
    }
  }
  const close = () => Promise.all(Object.values(streams).map(stream => stream.close()))
  return handle(view, run, close)
}

/** A process that ends after some batches, and another one that goes on: `options` says how, after a batch. */
function processes({ url, random, onLoss }, options, after) {
  const sum = new Sum()
  let stream
  const run = async isClosed => {
    while (!isClosed()) {
      stream = watched(
        tail('w', { connection: url, ...impatient, onHistoryLost: 'refetch', ...options() }),
        onLoss,
      )
      let left = 1 + Math.floor(random() * 8)
      try {
        for await (const batch of stream.batches()) {
          sum.add(batch)
          await after(batch)
          if (--left === 0) break
        }
      } catch (error) {
        // A snapshot of now is beyond the bound where the history is lost.
        if (error.sqlState !== '22000') throw error
        after({ token: undefined, upper: undefined })
        sum.frontier = undefined
      }
    }
  }
  return handle(sum, run, async () => stream?.close())
}

function checkpoints(given) {
  let saved
  const store = {
    load: async () => saved,
    save: async (_, token) => {
      saved = token
    },
  }
  const checkpoint = { store, name: 'w' }
  return processes(
    given,
    () => ({ checkpoint }),
    batch => batch.commit(),
  )
}

function tokens(given) {
  let token
  return processes(
    given,
    () => (token === undefined ? {} : { from: token }),
    batch => {
      token = batch.token
    },
  )
}

/** One bounded stream after the other, each of a third of a second. */
function upTo(given) {
  let [token, frontier] = []
  return processes(
    given,
    () => ({
      ...(token === undefined ? {} : { from: token }),
      upTo: (frontier ?? BigInt(Date.now())) + 300n,
    }),
    batch => {
      token = batch.token
      frontier = batch.upper
    },
  )
}
