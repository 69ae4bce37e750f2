import type { KafkaRecord } from '../kafka.js'

/** A time in which an organization has more events than the threshold in the window. */
export interface Interval {
  readonly organization: string
  readonly firesAtMs: number
  readonly resolvesAtMs: number
}

interface Event {
  readonly organization: string
  readonly event_type: string
  readonly event_ts: number
}

/**
 * What the models say of the events that are in the topic, whoever sent them: computed from the records alone, by the plainest rule.
 * An event counts from its record's timestamp on (or its own time, if that is later) until it leaves the window.
 */
export function truth(
  records: readonly Pick<KafkaRecord, 'timestampMs' | 'value'>[],
  { windowMs, threshold }: { readonly windowMs: number; readonly threshold: number },
): readonly Interval[] {
  const changes = new Map<string, { atMs: number; by: 1 | -1 }[]>()
  for (const { timestampMs, value } of records) {
    const { organization, event_type: type, event_ts: seconds } = JSON.parse(value ?? '{}') as Event
    const comesMs = Math.max(timestampMs, seconds * 1000)
    const goesMs = seconds * 1000 + windowMs
    if (type !== 'deployment_created' || comesMs >= goesMs) continue
    const list = changes.get(organization) ?? []
    list.push({ atMs: comesMs, by: 1 }, { atMs: goesMs, by: -1 })
    changes.set(organization, list)
  }
  const intervals: Interval[] = []
  for (const [organization, list] of changes) {
    let count = 0
    let firesAtMs: number | undefined
    const instants = [...new Set(list.map(({ atMs }) => atMs))].sort((one, other) => one - other)
    for (const instant of instants) {
      for (const { atMs, by } of list) if (atMs === instant) count += by
      if (count > threshold) firesAtMs ??= instant
      else if (firesAtMs !== undefined) {
        intervals.push({ organization, firesAtMs, resolvesAtMs: instant })
        firesAtMs = undefined
      }
    }
  }
  return intervals.sort((one, other) => one.firesAtMs - other.firesAtMs)
}

/** The organizations that fire at a time, in order of their names. */
export function firingAt(intervals: readonly Interval[], atMs: number): readonly string[] {
  return intervals
    .filter(({ firesAtMs, resolvesAtMs }) => firesAtMs <= atMs && atMs < resolvesAtMs)
    .map(({ organization }) => organization)
    .sort()
}
