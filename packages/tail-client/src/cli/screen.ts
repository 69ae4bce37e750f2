import type { LiveCollection } from '../collection.js'
import type { Clock, UnknownRow } from '../types.js'
import { type Size, tableLines } from './table.js'

export interface ScreenOptions {
  readonly title: string
  readonly clock: Clock
  readonly size: () => Size
  readonly write: (text: string) => void
  /** The wall clock, in milliseconds since 1970. */
  readonly wallMs: () => number
  readonly columns: () => readonly string[]
}

/** Not more often than eyes can follow. */
const redrawMs = 100
const enter = '\x1b[?1049h\x1b[?25l'
const leave = '\x1b[?25h\x1b[?1049l'
const home = '\x1b[H'
const clearLine = '\x1b[K'
const clearBelow = '\x1b[J'

/** Shows a collection on a terminal, on a screen of its own, until it ends; then the terminal is as it was. */
export async function show(live: LiveCollection<UnknownRow>, options: ScreenOptions): Promise<void> {
  const { title, clock, size, write, wallMs, columns } = options
  let timer: { readonly clear: () => void } | undefined
  const draw = (): void => {
    timer = undefined
    const { rows, columns: width } = size()
    const where = live.stale ? 'not connected' : `${lag(wallMs(), live.frontier)} behind`
    const status = `${title} · ${live.count} rows · ${where}`
    const table = { names: columns(), rows: firstRows(live, rows), count: live.count, status }
    const lines = tableLines(table, { rows, columns: width })
    write(`${home}${lines.map(line => `${line}${clearLine}`).join('\r\n')}${clearBelow}`)
  }
  const soon = (): void => {
    timer ??= clock.setTimer(draw, redrawMs)
  }
  for (const event of ['frontier', 'stale', 'fresh'] as const) live.events.on(event, soon)
  write(enter)
  try {
    draw()
    await live.ended
  } finally {
    timer?.clear()
    write(leave)
  }
}

function firstRows(live: LiveCollection<UnknownRow>, count: number): readonly UnknownRow[] {
  const rows: UnknownRow[] = []
  for (const [row, multiplicity] of live.entries()) {
    for (let copies = 0; copies < multiplicity && rows.length < count; copies++) rows.push(row)
    if (rows.length >= count) break
  }
  return rows
}

function lag(nowMs: number, frontier: bigint): string {
  const ms = Math.max(0, nowMs - Number(frontier))
  return `${(ms / 1000).toFixed(1)} s`
}
