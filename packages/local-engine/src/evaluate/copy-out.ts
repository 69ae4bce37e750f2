import { readFailure } from '../wire/backend.js'
import { type Failure, failure } from '../wire/failure.js'
import { framesOf } from '../wire/frames.js'

/** What `COPY (…) TO STDOUT` answered. */
export type CopyOut =
  | { readonly ok: true; readonly columns: number; readonly lines: () => Generator<string> }
  | { readonly ok: false; readonly failure: Failure }

/** Reads a whole answer. `lines` gives the rows without their line feeds, as strings of bytes. */
export function readCopyOut(answer: Buffer): CopyOut {
  let columns = 0
  let complete = false
  for (const frame of framesOf(answer)) {
    if (frame.type === 'E') return { ok: false, failure: readFailure(frame.body) }
    if (frame.type === 'H') columns = frame.body.readInt16BE(1)
    complete ||= frame.type === 'c'
  }
  // Rows that are missing would look like rows that are gone.
  if (!complete) return { ok: false, failure: failure('08006', 'the answer broke off') }
  return { ok: true, columns, lines: () => linesOf(answer) }
}

/** PostgreSQL sends one row a CopyData, with its line feed. */
function* linesOf(answer: Buffer): Generator<string> {
  for (const { type, body } of framesOf(answer))
    if (type === 'd') yield body.toString('latin1', 0, body.length - 1)
}
