import type { RunStats } from '@mzalert/faker-events'
import { Counter, Gauge, Registry } from 'prom-client'

const totals = {
  events: 'Events that the destination has taken.',
  batches: 'Batches that the destination has taken.',
  bytes: 'Bytes of the events as JSON.',
  retries: 'Batches that were sent again.',
  late: 'Events that were sent more than a second after their time.',
} as const satisfies Partial<Record<keyof RunStats, string>>

export interface ProducerMetrics {
  readonly registry: Registry
  /** What the run has done so far: totals, of which the growth is counted. */
  readonly update: (stats: RunStats) => void
}

/** What the producer says of itself. */
export function producerMetrics(): ProducerMetrics {
  const registry = new Registry()
  const counters = Object.entries(totals).map(([name, help]) => {
    const counter = new Counter({ name: `mzalert_producer_${name}_total`, help, registers: [registry] })
    return { counter, name: name as keyof typeof totals }
  })
  const worst = new Gauge({
    name: 'mzalert_producer_max_late_seconds',
    help: 'How late the latest event was.',
    registers: [registry],
  })
  let before: Partial<RunStats> = {}
  const update = (stats: RunStats): void => {
    for (const { counter, name } of counters) counter.inc(stats[name] - (before[name] ?? 0))
    worst.set(stats.maxLateMs / 1000)
    before = stats
  }
  return { registry, update }
}
