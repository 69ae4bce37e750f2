// One way to hold series and serve them, in a process of its own; the parent says what to do and scrapes.
// Messages: { fill } adds so many series, { update } changes the values of so many of them, { churn } ends so many and begins as many;
// each is answered with what it took.
import { createServer } from 'node:http'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { bridge } from '@mzalert/prom-bridge'

const way = process.argv[2]
const labelNames = ['alert_cond', 'organization', 'region', 'tier', 'customer']

const rowOf = (index, value) => ({
  alert_cond: 'deployment_spike',
  organization: `organization-${index % 1000}`,
  region: ['eu-west-1', 'us-east-1', 'ap-south-1'][index % 3],
  tier: index % 2 === 0 ? 'gold' : 'silver',
  customer: `customer ${index}`,
  value,
})

/**
 * Gaps between the ticks of the event loop. A gap is no longer than the CPU time that the process took in it: that others had the processor
 * is not what is measured. Beside it what Node itself says, which does not know of others.
 */
class Blocks {
  #longest = 0
  #last = performance.now()
  #cpu = process.cpuUsage()
  #delay = monitorEventLoopDelay({ resolution: 1 })

  constructor() {
    this.#delay.enable()
    setInterval(() => this.#tick(), 1)
  }

  #tick() {
    const now = performance.now()
    const { user, system } = process.cpuUsage(this.#cpu)
    this.#longest = Math.max(this.#longest, Math.min(now - this.#last, (user + system) / 1000))
    this.#last = now
    this.#cpu = process.cpuUsage()
  }

  /** The longest gap since the last time it was asked, in milliseconds. */
  async take() {
    await new Promise(resolve => setTimeout(resolve, 20))
    const blockMs = this.#longest
    this.#longest = 0
    const delayMs = this.#delay.max / 1e6
    this.#delay.reset()
    return { blockMs, delayMs }
  }
}

/** Ours: the rows come as batches. */
function ours() {
  let give = () => {}
  const waiting = []
  const source = {
    async *batches() {
      for (;;) {
        const next = waiting.shift()
        if (next) {
          yield next.batch
          next.done()
        } else
          await new Promise(resolve => {
            give = resolve
          })
      }
    },
    close: async () => {},
  }
  const made = bridge({
    views: [
      {
        view: 'v',
        labels: Object.fromEntries(labelNames.map(name => [name, name])),
        value: { column: 'value' },
        source,
      },
    ],
  })
  let timestamp = 1000
  const apply = (kind, updates) => {
    timestamp++
    return new Promise(done => {
      waiting.push({ batch: { kind, updates, lower: 0n, upper: BigInt(timestamp + 1) }, done })
      give()
    })
  }
  const update = (index, value, diff) => {
    const row = rowOf(index, value)
    return { row, raw: Object.values(row).join('\t'), diff, timestamp: BigInt(timestamp) }
  }
  // Each prepares its work, and gives what does it: what rows come from is not measured.
  return {
    handler: made.handler,
    fill: indexes => {
      const updates = indexes.map(index => update(index, 1, 1))
      return () => apply('snapshot', updates)
    },
    update: indexes => {
      const updates = indexes.flatMap(index => [update(index, 1, -1), update(index, 2, 1)])
      return () => apply('changes', updates)
    },
    churn: (gone, come) => {
      const updates = [...gone.map(index => update(index, 1, -1)), ...come.map(index => update(index, 1, 1))]
      return () => apply('changes', updates)
    },
  }
}

const clients = {
  'prom-client': () => import('prom-client'),
  '@prometheus-io/client': () => import('@prometheus-io/client'),
  '@platformatic/prom-client': () => import('@platformatic/prom-client'),
}

/** A gauge of a client: `set` and `remove`, as one would write it by hand. */
async function client(name) {
  const { Gauge, Registry } = await clients[name]()
  const registry = new Registry()
  const gauge = new Gauge({ name: 'v', help: 'v', labelNames, registers: [registry] })
  const labelsOf = index => {
    const { value: _, ...labels } = rowOf(index, 0)
    return labels
  }
  return {
    handler: async (_request, response) => {
      const text = await registry.metrics()
      response.setHeader('content-type', registry.contentType)
      response.end(text)
    },
    fill: indexes => {
      const labels = indexes.map(labelsOf)
      return async () => {
        for (const one of labels) gauge.set(one, 1)
      }
    },
    update: indexes => {
      const labels = indexes.map(labelsOf)
      return async () => {
        for (const one of labels) gauge.set(one, 2)
      }
    },
  }
}

const range = (from, count) => Array.from({ length: count }, (_, index) => from + index)
const made = way === 'bridge' ? ours() : await client(way)
const server = createServer((request, response) => void made.handler(request, response)).listen(
  0,
  '127.0.0.1',
)
const blocks = new Blocks()
let first = 0
let next = 0

process.on('message', async ({ fill, update, churn, size }) => {
  if (size) {
    const blocked = await blocks.take()
    globalThis.gc()
    globalThis.gc()
    const { heapUsed, rss } = process.memoryUsage()
    await blocks.take()
    return process.send({ heapUsed, rss, ...blocked })
  }
  let work
  if (fill) work = made.fill(range(0, fill))
  if (update) work = made.update(range(0, update))
  if (churn) work = made.churn(range(first, churn), range(next, churn))
  if (churn) first += churn
  next = fill ?? next + (churn ?? 0)
  await blocks.take()
  const start = performance.now()
  await work()
  const ms = performance.now() - start
  work = undefined
  process.send({ ms, ...(await blocks.take()) })
})
server.on('listening', () => process.send({ port: server.address().port }))
