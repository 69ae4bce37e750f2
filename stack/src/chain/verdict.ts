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
  /** Ends that were told of what went on. */
  readonly falseResolves: number
  /** Alerts of an organization that had not fired before. */
  readonly groundless: number
}

export interface Tolerance {
  /** A way that was free for so long within an interval must have told. */
  readonly enoughMs: number
  /** How long after an outage what was taken apart may need to find itself again. */
  readonly recoveryMs: number
  /** By how much two clocks may differ. */
  readonly clockMs: number
}

interface Episode {
  readonly organization: string
  readonly startsAtMs: number
  readonly endsAtMs: number
}

/** Holds what receivers were told against what is true by the events, in view of what was done to the way. */
export function judge(
  intervals: readonly Interval[],
  words: readonly Word[],
  made: readonly Outage[],
  { enoughMs, recoveryMs, clockMs }: Tolerance,
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
        episode.endsAtMs > firesAtMs &&
        // What is told late is told, as long as the way was not free for long before.
        (episode.startsAtMs < resolvesAtMs || freeMs(firesAtMs, episode.startsAtMs, outages) < enoughMs),
    )
  const isFalseEnd = (episode: Episode): boolean => {
    const reason = ofIts(episode).findLast(({ firesAtMs }) => firesAtMs <= episode.startsAtMs + clockMs)
    return ofIts(episode).some(
      interval =>
        episode.endsAtMs > interval.firesAtMs &&
        episode.endsAtMs < interval.resolvesAtMs - clockMs &&
        // It had begun for this reason, or had seen this one, too.
        (interval === reason || freeMs(interval.firesAtMs, episode.endsAtMs, outages) >= enoughMs),
    )
  }
  return {
    due: due.length,
    lost: due.filter(interval => !isTold(interval)),
    falseResolves: episodes.filter(isFalseEnd).length,
    groundless: episodes.filter(
      episode => !ofIts(episode).some(({ firesAtMs }) => firesAtMs <= episode.startsAtMs + clockMs),
    ).length,
  }
}

/** Each alert once; one whose end nobody told lasted until the next one of its organization. */
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
    return starts.map((startsAtMs, index) => ({
      organization,
      startsAtMs,
      endsAtMs: Math.min(
        own.get(startsAtMs) ?? Number.POSITIVE_INFINITY,
        starts[index + 1] ?? Number.POSITIVE_INFINITY,
      ),
    }))
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
