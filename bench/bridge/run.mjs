// prom-bridge beside three registries: series held and served, and the event loop meanwhile.
// `npm run bench -- bridge [sizes, by commas] [rounds] [seconds of churn]`
import { fork } from 'node:child_process'
import { get } from 'node:http'
import { fileURLToPath } from 'node:url'
import { machine } from '../lib/machine.mjs'
import { median, table } from '../lib/statistics.mjs'
import { headline } from '../lib/summary.mjs'

const sizes = (process.argv[2] ?? '1000,10000,100000,1000000').split(',').map(Number)
const rounds = Number(process.argv[3] ?? 3)
const churnSeconds = Number(process.argv[4] ?? 60)
const ways = ['bridge', 'prom-client', '@prometheus-io/client', '@platformatic/prom-client']

const headlines = {
  'a scrape after 1000 updates': 'scrape after the updates, ms',
  'nothing else can run during a scrape, for': 'scrape: block, ms',
}

class Worker {
  #child
  constructor(way) {
    this.#child = fork(fileURLToPath(new URL('worker.mjs', import.meta.url)), [way], {
      execArgv: ['--expose-gc', '--max-old-space-size=4096'],
    })
  }

  answer() {
    return new Promise((resolve, reject) => {
      const ended = code => reject(new Error(`the worker ended with ${code}`))
      this.#child.once('exit', ended)
      this.#child.once('message', message => {
        this.#child.off('exit', ended)
        resolve(message)
      })
    })
  }

  ask(message) {
    const answer = this.answer()
    this.#child.send(message)
    return answer
  }

  end() {
    this.#child.kill()
  }
}

/** Reads everything and keeps nothing; gives the time and the bytes. */
function scrape(port, encoding) {
  const start = performance.now()
  return new Promise((resolve, reject) => {
    get({ port, path: '/metrics', agent: false, headers: { 'accept-encoding': encoding } }, response => {
      let bytes = 0
      response.on('data', chunk => {
        bytes += chunk.length
      })
      response.on('end', () => resolve({ ms: performance.now() - start, bytes }))
    }).on('error', reject)
  })
}

async function measure(way, size) {
  const worker = new Worker(way)
  try {
    const { port } = await worker.answer()
    const empty = await worker.ask({ size: true })
    const fill = await worker.ask({ fill: size })
    const cold = await scrape(port, 'identity')
    const coldBlock = await worker.ask({ size: true })
    const warm = []
    for (let round = 0; round < rounds; round++) warm.push(await scrape(port, 'identity'))
    const warmBlock = await worker.ask({ size: true })
    const changed = Math.min(1000, size)
    const update = await worker.ask({ update: changed })
    const after = await scrape(port, 'identity')
    const { heapUsed, rss } = await worker.ask({ size: true })
    // A snapshot again, as after a reconnect without history. The others have nothing to compare with.
    const again = way === 'bridge' ? await worker.ask({ fill: size }) : undefined
    return {
      'fill, ms': fill.ms,
      'block, ms': fill.blockMs,
      'loop delay, ms': fill.delayMs,
      'filled again: block, ms': again?.blockMs,
      '1000 updates, ms': update.ms,
      'first scrape, ms': cold.ms,
      'first scrape: block, ms': coldBlock.blockMs,
      'scrape, ms': median(warm.map(({ ms }) => ms)),
      'scrape: block, ms': warmBlock.blockMs,
      'scrape: loop delay, ms': warmBlock.delayMs,
      'scrape after the updates, ms': after.ms,
      'body, MB': after.bytes / 1e6,
      'heap, B/series': (heapUsed - empty.heapUsed) / size,
      'RSS, MB': rss / 1e6,
    }
  } finally {
    worker.end()
  }
}

/** A thousand series end and a thousand begin, every second, and somebody scrapes. */
async function churn(seconds) {
  const worker = new Worker('bridge')
  const heaps = []
  let longest = 0
  try {
    const { port } = await worker.answer()
    await worker.ask({ fill: 10_000 })
    for (let second = 0; second < seconds; second++) {
      const start = performance.now()
      await worker.ask({ churn: 1000 })
      await scrape(port, 'gzip')
      const { heapUsed, blockMs } = await worker.ask({ size: true })
      heaps.push(heapUsed)
      if (second > 0) longest = Math.max(longest, blockMs)
      await new Promise(resolve => setTimeout(resolve, Math.max(0, 1000 - (performance.now() - start))))
    }
  } finally {
    worker.end()
  }
  const quarter = Math.max(1, Math.floor(heaps.length / 4))
  return {
    'heap MB, first quarter': median(heaps.slice(0, quarter)) / 1e6,
    'heap MB, last quarter': median(heaps.slice(-quarter)) / 1e6,
    'longest block ms': longest,
  }
}

const rounded = value => (typeof value === 'number' ? String(Number(value.toPrecision(3))) : (value ?? ''))

/** A table of objects with the same keys. */
function shown(head, results) {
  const names = Object.keys(Object.values(results)[0])
  return table(
    [head, ...names],
    Object.entries(results).map(([way, result]) => [way, ...names.map(name => rounded(result[name]))]),
  )
}

console.log(`${machine()}.`)
for (const size of sizes) {
  const results = {}
  for (const way of ways) results[way] = await measure(way, size)
  console.log(`\n${shown(`${size} series of 5 labels`, results)}`)
  if (size !== 100_000 && sizes.length > 1) continue
  for (const [what, key] of Object.entries(headlines)) {
    const [ours, ...peers] = ways.map(way => [way, `${rounded(results[way][key])} ms`])
    headline(`${size} series: ${what}`, ours[1], Object.fromEntries(peers))
  }
}
if (churnSeconds > 0)
  console.log(
    `\n${shown(`10000 series, 1000 of them end and 1000 begin every second, for ${churnSeconds} s`, { bridge: await churn(churnSeconds) })}`,
  )
