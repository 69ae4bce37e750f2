import type { Transition } from './board.js'
import { percentile } from './latency.js'

/** What a run of the demo came to. */
export interface Summary {
  readonly eventsSent: number
  readonly fired: number
  readonly resolved: number
  /** Alerts that did both. */
  readonly cycles: number
  readonly latenciesMs: readonly number[]
}

/** Counts the transitions of a run. */
export function summarize(
  transitions: readonly Transition[],
  eventsSent: number,
  latenciesMs: readonly number[],
): Summary {
  const fired = transitions.filter(({ to }) => to === 'firing')
  const resolved = transitions.filter(({ to }) => to === 'resolved')
  const cycles = resolved.filter(end =>
    fired.some(begin => begin.alert === end.alert && begin.atMs <= end.atMs),
  ).length
  return { eventsSent, fired: fired.length, resolved: resolved.length, cycles, latenciesMs }
}

/** The summary in words. */
export function describeSummary({ eventsSent, fired, resolved, latenciesMs }: Summary): string {
  const [p50, p99] = [percentile(latenciesMs, 0.5), percentile(latenciesMs, 0.99)]
  const latency =
    p50 === undefined || p99 === undefined
      ? 'no spike was measured'
      : `from a spike's last event to /metrics: p50 ${p50} ms, p99 ${p99} ms (${latenciesMs.length} measured)`
  return `${eventsSent} events sent, ${fired} alerts fired, ${resolved} resolved; ${latency}`
}
