// The embedded engine in a process of its own, so that what is measured is the engine and nothing else.
// Started by fork(); tells its URL, then each second what it takes and how long its evaluations took.
import { startEngine } from '@mzalert/local-engine'
import { models } from '@mzalert/stack'

const { windowMs = 30_000, script = '', plain = false } = JSON.parse(process.argv[2] ?? '{}')
let evaluationsMs = []
const engine = await startEngine({
  ...(plain
    ? {}
    : {
        retain: [
          {
            table: 'deployments',
            timestampMs: "(data->>'event_ts')::bigint * 1000",
            forMs: windowMs * 2,
          },
        ],
      }),
  onEvent: event => {
    if (event.type === 'evaluated') evaluationsMs.push(event.tookMs)
    else if (event.type !== 'started' && event.type !== 'pruned')
      console.error(JSON.stringify(event, (_, value) => (typeof value === 'bigint' ? String(value) : value)))
  },
})
if (!plain) for (const { sql } of models('local', { windowMs })) await engine.execute(sql)
if (script) await engine.execute(script)
process.send({ url: engine.url })

let lastCpu = process.cpuUsage()
const timer = setInterval(() => {
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
  const { user, system } = process.cpuUsage(lastCpu)
  lastCpu = process.cpuUsage()
  process.send({ rss, heapUsed, arrayBuffers, cpuMs: (user + system) / 1000, evaluationsMs })
  evaluationsMs = []
}, 1000)

process.once('disconnect', async () => {
  clearInterval(timer)
  await engine.close()
})
