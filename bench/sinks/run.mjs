// Sends a storm of alerts, and measures how long an alert takes to Alertmanager, directly and by way of Prometheus.
// `npm run bench -- sinks [alerts] [spikes]`
import { cpus } from 'node:os'
import { latency } from './latency.mjs'
import { storm } from './storm.mjs'

const alerts = Number(process.argv[2] ?? 50_000)
const spikes = Number(process.argv[3] ?? 20)

console.log(`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0].model}\n`)
await storm(alerts)
await latency(spikes)
process.exit()
