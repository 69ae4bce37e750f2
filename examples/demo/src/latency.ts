/** Measures how long it takes from an event to a line in /metrics. */
export interface LatencyMeter {
  /** A spike's last event was due at `atMs` (milliseconds since 1970) in this organization. */
  readonly spiked: (organization: string, atMs: number) => void
  readonly resultsMs: () => readonly number[]
  readonly close: () => Promise<void>
}

const pollEveryMs = 5
/** A spike that has not raised an alert by then was below the threshold, or the organization was firing already. */
const giveUpAfterMs = 10_000

/** Polls /metrics, only while a spike is awaited, until the organization's series is there. */
export function meter(url: string, wasFiring: (organization: string) => boolean): LatencyMeter {
  const results: number[] = []
  const stop = new AbortController()
  const running = new Set<Promise<void>>()
  const measure = async (organization: string, atMs: number): Promise<void> => {
    const series = `organization_alert{alert_cond="deployment_spike",organization="${organization}"} 1`
    while (!stop.signal.aborted && Date.now() - atMs < giveUpAfterMs) {
      const response = await fetch(`${url}/metrics`, { signal: stop.signal })
      if ((await response.text()).includes(series)) {
        results.push(Date.now() - atMs)
        return
      }
      await new Promise(resolve => setTimeout(resolve, pollEveryMs))
    }
  }
  return {
    spiked: (organization, atMs) => {
      if (wasFiring(organization)) return
      const one = measure(organization, atMs).catch(() => {})
      running.add(one)
      one.finally(() => running.delete(one))
    },
    resultsMs: () => results,
    close: async () => {
      stop.abort()
      await Promise.all(running)
    },
  }
}

/** The value below which a share of the results lies; undefined without results. */
export function percentile(resultsMs: readonly number[], share: number): number | undefined {
  const sorted = [...resultsMs].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
}
