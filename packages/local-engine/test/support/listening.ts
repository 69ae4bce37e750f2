import type { Plan } from '../../src/evaluate/backend.js'
import { type Ending, Listener } from '../../src/stream/listener.js'
import { copyOutResponse } from '../../src/wire/backend.js'
import { type Frame, framesOf } from '../../src/wire/frames.js'
import type { Subscription } from '../../src/wire/subscription.js'
import { rowsOf, type StreamRow } from './stream.js'

const subject = { kind: 'relation', parts: ['v'] } as const

/** A view of one column of text. */
export const plan: Plan = {
  key: 'v',
  subject,
  sql: 'SELECT',
  name: 'v',
  columns: [{ name: 'x', oid: 25, typeLength: -1, typmod: -1 }],
  settings: [],
  temporal: false,
  constant: false,
}

export interface Listening {
  readonly listener: Listener
  readonly outlet: { open: boolean; now: number }
  readonly endings: readonly Ending[]
  readonly frames: () => Frame[]
  readonly rows: () => StreamRow[]
  /** The rows in short: `<12` for progress, `11 1 a` for an update. */
  readonly text: () => string[]
}

/** A listener of that view, what it was given, and its outlet, which takes bytes only while it is open. */
export function listening(
  subscription: Partial<Subscription> = {},
  generation: 'tail' | 'subscribe' = 'subscribe',
): Listening {
  const chunks: Buffer[] = []
  const endings: Ending[] = []
  const outlet = { open: true, now: 0 }
  const listener = new Listener({
    subscription: { subject, progress: true, snapshot: true, ...subscription },
    generation,
    columns: 1,
    form: 'text',
    head: copyOutResponse(4),
    outlet: {
      write: bytes => {
        chunks.push(bytes)
        return outlet.open
      },
    },
    monotonicMs: () => outlet.now,
    onEnd: ending => endings.push(ending),
  })
  const frames = (): Frame[] => [...framesOf(Buffer.concat(chunks))]
  const rows = (): StreamRow[] => rowsOf(frames(), subscription.progress ?? true)
  const text = (): string[] =>
    rows().map(row => (row.progressed ? `<${row.timestamp}` : `${row.timestamp} ${row.diff} ${row.line}`))
  return { listener, outlet, frames, rows, text, endings }
}
