/** What the board shows; made anew for every frame. */
export interface BoardState {
  readonly nowMs: number
  readonly addresses: readonly (readonly [name: string, address: string])[]
  readonly eventsSent: number
  readonly eventsPerSecond: number
  readonly threshold: number
  /** Deployments in the window, by organization. */
  readonly deployments: ReadonlyMap<string, number>
  /** Alerts that fire, by what fires, with the milliseconds since 1970 when they began. */
  readonly firing: ReadonlyMap<string, number>
  readonly transitions: readonly Transition[]
  readonly notices: readonly string[]
}

/** An alert that began or ended. */
export interface Transition {
  readonly atMs: number
  readonly to: 'firing' | 'resolved'
  readonly alert: string
}

const barWidth = 40
const shownTransitions = 6

/** The board as lines of text, at most `columns` wide. */
export function render(state: BoardState, columns: number): readonly string[] {
  const width = Math.max(...state.addresses.map(([name]) => name.length))
  return [
    ...state.addresses.map(([name, address]) => `  ${name.padEnd(width)}  ${address}`),
    '',
    `  ${state.eventsPerSecond.toFixed(1)} events/s, ${state.eventsSent} so far`,
    '',
    '  deployments in the window',
    ...[...state.deployments]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([organization, count]) => bar(organization, count, state)),
    '',
    ...firing(state),
    '',
    '  last transitions',
    ...state.transitions.slice(-shownTransitions).reverse().map(line),
    ...state.notices.map(notice => `  ${notice}`),
    '',
    '  Ctrl-C ends everything.',
  ].map(text => text.slice(0, Math.max(columns, 20)))
}

/** How fast a count grows per second, over the last `overMs`; called with the count at each frame. */
export function rate(overMs: number): (count: number, nowMs: number) => number {
  const seen: { readonly count: number; readonly atMs: number }[] = []
  return (count, nowMs) => {
    seen.push({ count, atMs: nowMs })
    while (seen.length > 2 && nowMs - (seen[1]?.atMs ?? 0) >= overMs) seen.shift()
    const first = seen[0] ?? { count, atMs: nowMs }
    return nowMs > first.atMs ? ((count - first.count) * 1000) / (nowMs - first.atMs) : 0
  }
}

/** A transition in one line. */
export function line({ atMs, to, alert }: Transition): string {
  return `    ${new Date(atMs).toISOString().slice(11, 19)}  ${to.padEnd(8)}  ${alert}`
}

function bar(organization: string, count: number, { threshold }: BoardState): string {
  const scale = Math.max(threshold * 2, 1)
  const filled = Math.min(barWidth, Math.round((count / scale) * barWidth))
  const mark = Math.min(barWidth - 1, Math.round((threshold / scale) * barWidth))
  const cells = Array.from({ length: barWidth }, (_, at) => (at < filled ? '█' : at === mark ? '│' : '·'))
  return `    ${organization}  ${cells.join('')}  ${count}`
}

function firing({ firing: alerts, nowMs }: BoardState): readonly string[] {
  if (alerts.size === 0) return ['  nothing fires']
  return [
    '  firing',
    ...[...alerts].map(
      ([alert, sinceMs]) => `    ${alert}  for ${Math.max(0, Math.round((nowMs - sinceMs) / 1000))} s`,
    ),
  ]
}
