import type { LiveCollection } from '../collection.js'
import type { Clock } from '../types/clock.js'
import type { UnknownRow } from '../types/update.js'
import { type Size, tableLines } from './table.js'

export interface ScreenOptions {
  readonly title: string
  readonly clock: Clock
  readonly size: () => Size
  readonly write: (text: string) => void
  /** The wall clock, in milliseconds since 1970. */
  readonly wallMs: () => number
  readonly columns: () => readonly string[]
  /** What there is to say besides; empty for nothing. */
  readonly notice: () => string
}

/** Not more often than eyes can follow. */
const redrawMs = 100
const staleRedrawMs = 1000
const enter = '\x1b[?1049h\x1b[?25l'
const leave = '\x1b[?25h\x1b[?1049l'
const home = '\x1b[H'
const clearLine = '\x1b[K'
const clearBelow = '\x1b[J'

/**
 * Shows a collection on a terminal, on a screen of its own, until it ends; then the terminal is as it was, with the last table below
 * what was there.
 */
export async function show(live: LiveCollection<UnknownRow>, options: ScreenOptions): Promise<void> {
  const { title, clock, size, write, wallMs, columns, notice } = options
  let timer: { readonly clear: () => void } | undefined
  let isSoon = false
  const lines = (where: string): readonly string[] => {
    const { rows, columns: width } = size()
    const status = [title, `${live.count} rows`, where].filter(each => each !== '').join(' · ')
    const table = { names: columns(), rows: live.first(rows), count: live.count, status }
    return tableLines(table, { rows, columns: width })
  }
  const waiting = (): string => {
    const what = live.frontier > 0n ? 'not connected' : 'no contents yet'
    return notice() === '' ? what : `${what}: ${notice()}`
  }
  const draw = (): void => {
    isSoon = false
    const shown = lines(live.stale ? waiting() : `${lag(wallMs(), live.frontier)} behind`)
    write(`${home}${shown.map(line => `${line}${clearLine}`).join('\r\n')}${clearBelow}`)
    // No event tells of another attempt to connect.
    timer = live.stale ? clock.setTimer(draw, staleRedrawMs) : undefined
  }
  const soon = (): void => {
    if (isSoon) return
    isSoon = true
    timer?.clear()
    timer = clock.setTimer(draw, redrawMs)
  }
  for (const event of ['frontier', 'stale', 'fresh'] as const) live.events.on(event, soon)
  write(enter)
  try {
    draw()
    await live.ended
  } finally {
    timer?.clear()
    write(leave)
    if (live.frontier > 0n) write(`${lines('').join('\n')}\n`)
  }
}

function lag(nowMs: number, frontier: bigint): string {
  const ms = Math.max(0, nowMs - Number(frontier))
  return `${(ms / 1000).toFixed(1)} s`
}
