import type { Interval } from './truth.js'

/** What a receiver was told of an alert about an organization. Epoch milliseconds. */
export interface Word {
  readonly organization: string
  readonly status: 'firing' | 'resolved'
  readonly startsAtMs: number
  /** Read only if it is resolved. */
  readonly endsAtMs: number
}

/** A time in which a part of the way was being taken apart. */
export interface Outage {
  readonly fromMs: number
  readonly toMs: number
}

export interface Verdict {
  /** Intervals in which the way was free for long enough. */
  readonly due: number
  /** Those of them of which nobody was told. */
  readonly lost: readonly Interval[]
  /** Those of which an end was told while they went on. */
  readonly falseResolves: readonly Interval[]
  /** Alerts, as they were told, that began while nothing was the matter with their organization, and had not been lately. */
  readonly groundless: readonly Interval[]
}

export interface Tolerance {
  /** A way that was free for so long within an interval must have told. */
  readonly enoughMs: number
  /** How long after an outage what was taken apart may need to find itself again. */
  readonly recoveryMs: number
  /** How long after its reason an alert may still begin, on a way that is free: a Prometheus that comes back takes a series for there. */
  readonly lingerMs: number
  /** By how much two clocks may differ. */
  readonly clockMs: number
}

/** One alert from its beginning to its end, by what receivers were told. */
interface Episode {
  readonly organization: string
  readonly startsAtMs: number
  /** Infinite if nobody told it. */
  readonly endsAtMs: number
  /** Until when receivers took it for firing: its end, or the beginning of the next one of its organization. */
  readonly untilMs: number
}

/** Holds what receivers were told against what is true by the events, in view of what was done to the way. */
export function judge(
  intervals: readonly Interval[],
  words: readonly Word[],
  made: readonly Outage[],
  { enoughMs, recoveryMs, lingerMs, clockMs }: Tolerance,
): Verdict {
  const outages = made.map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs + recoveryMs }))
  const episodes = episodesOf(words)
  const ofIts = ({ organization }: Episode): readonly Interval[] =>
    intervals.filter(interval => interval.organization === organization)
  const due = intervals.filter(
    ({ firesAtMs, resolvesAtMs }) => freeMs(firesAtMs, resolvesAtMs, outages) >= enoughMs,
  )
  const isTold = ({ organization, firesAtMs, resolvesAtMs }: Interval): boolean =>
    episodes.some(
      episode =>
        episode.organization === organization &&
        episode.untilMs > firesAtMs &&
        // What is told late is told, as long as the way was not free for long before.
        (episode.startsAtMs < resolvesAtMs || freeMs(firesAtMs, episode.startsAtMs, outages) < enoughMs),
    )
  const endedFalsely = (episode: Episode): readonly Interval[] => {
    const reason = ofIts(episode).findLast(({ firesAtMs }) => firesAtMs <= episode.startsAtMs + clockMs)
    return ofIts(episode).filter(
      interval =>
        episode.endsAtMs > interval.firesAtMs &&
        episode.endsAtMs < interval.resolvesAtMs - clockMs &&
        // It had begun for this reason, or had seen this one, too.
        (interval === reason || freeMs(interval.firesAtMs, episode.endsAtMs, outages) >= enoughMs),
    )
  }
  const hasReason = (episode: Episode): boolean =>
    ofIts(episode).some(
      ({ firesAtMs, resolvesAtMs }) =>
        firesAtMs <= episode.startsAtMs + clockMs &&
        freeMs(resolvesAtMs, episode.startsAtMs, outages) <= lingerMs + clockMs,
    )
  return {
    due: due.length,
    lost: due.filter(interval => !isTold(interval)),
    falseResolves: episodes.flatMap(endedFalsely),
    groundless: episodes
      .filter(episode => !hasReason(episode))
      .map(({ organization, startsAtMs: firesAtMs, untilMs: resolvesAtMs }) => ({
        organization,
        firesAtMs,
        resolvesAtMs,
      })),
  }
}

/** Each alert once, however often it was told. */
function episodesOf(words: readonly Word[]): readonly Episode[] {
  const ends = new Map<string, Map<number, number>>()
  for (const { organization, status, startsAtMs, endsAtMs } of words) {
    const own = ends.get(organization) ?? new Map<number, number>()
    ends.set(organization, own)
    if (status === 'resolved') own.set(startsAtMs, endsAtMs)
    else if (!own.has(startsAtMs)) own.set(startsAtMs, Number.POSITIVE_INFINITY)
  }
  return [...ends].flatMap(([organization, own]) => {
    const starts = [...own.keys()].sort((one, other) => one - other)
    return starts.map((startsAtMs, index) => {
      const endsAtMs = own.get(startsAtMs) ?? Number.POSITIVE_INFINITY
      const nextMs = starts[index + 1] ?? Number.POSITIVE_INFINITY
      return { organization, startsAtMs, endsAtMs, untilMs: Math.min(endsAtMs, nextMs) }
    })
  })
}

/** How long none of the outages was going on. */
function freeMs(fromMs: number, toMs: number, outages: readonly Outage[]): number {
  const within = outages
    .map(outage => ({ fromMs: Math.max(outage.fromMs, fromMs), toMs: Math.min(outage.toMs, toMs) }))
    .filter(outage => outage.fromMs < outage.toMs)
    .sort((one, other) => one.fromMs - other.fromMs)
  let [free, atMs] = [0, fromMs]
  for (const outage of within) {
    free += Math.max(0, outage.fromMs - atMs)
    atMs = Math.max(atMs, outage.toMs)
  }
  return free + Math.max(0, toMs - atMs)
}

/** Growth per minute, by least squares over the least of each stretch of ten seconds: what is left after collections. */
export function slopePerMinute(
  samples: readonly { readonly atMs: number; readonly value: number }[],
): number {
  const least = new Map<number, number>()
  for (const { atMs, value } of samples) {
    const stretch = Math.floor(atMs / 10_000)
    least.set(stretch, Math.min(value, least.get(stretch) ?? Number.POSITIVE_INFINITY))
  }
  const points = [...least].map(([stretch, value]) => ({ minutes: stretch / 6, value }))
  const mean = (of: 'minutes' | 'value'): number =>
    points.reduce((sum, point) => sum + point[of], 0) / points.length
  const [minutes, value] = [mean('minutes'), mean('value')]
  const spread = points.reduce((sum, point) => sum + (point.minutes - minutes) ** 2, 0)
  const together = points.reduce((sum, point) => sum + (point.minutes - minutes) * (point.value - value), 0)
  return spread === 0 ? 0 : together / spread
}
