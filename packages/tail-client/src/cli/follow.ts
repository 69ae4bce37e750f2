import { KeyedRows } from '../stream/changes.js'
import { keyFunction } from '../stream/keys.js'
import type { ResumableBatch } from '../types/batch.js'
import type { UnknownRow, Update } from '../types/update.js'
import { changeLine, frontierLine, updateLine } from './lines.js'
import { momentsOf } from './moments.js'

export interface FollowOptions {
  /** Writes lines; resolves with whether the reader has taken them over. */
  readonly write: (text: string) => Promise<boolean>
  /** Columns of a key: changes instead of updates. */
  readonly changes: readonly string[] | undefined
  /** Ends after the contents. */
  readonly once: boolean
  readonly progress: boolean
  /** Called once the reader has taken over the lines of a batch, all of them. */
  readonly written: ((batch: ResumableBatch<UnknownRow>) => Promise<void>) | undefined
}

const linesAWrite = 500

/** Writes batches as lines, one object each, until they end or nobody reads. Nothing is taken ahead of what has been read. */
export async function follow(
  batches: AsyncIterable<ResumableBatch<UnknownRow>>,
  { write, changes, once, progress, written }: FollowOptions,
): Promise<void> {
  const keyed = changes && new KeyedRows(keyFunction<UnknownRow>(changes))
  for await (const batch of batches) {
    const lines = keyed ? changeLines(batch.updates, keyed) : updateLines(batch.updates)
    for (const text of joined(lines)) if (!(await write(text))) return
    if (batch.part && !batch.part.isLast) continue
    if (progress && !(await write(frontierLine(batch.upper)))) return
    await written?.(batch)
    if (once) return
  }
}

function* updateLines(updates: readonly Update<UnknownRow>[]): Generator<string> {
  for (const update of updates) yield updateLine(update)
}

function* changeLines(
  updates: readonly Update<UnknownRow>[],
  keyed: KeyedRows<UnknownRow>,
): Generator<string> {
  for (const moment of momentsOf(updates)) for (const change of keyed.apply(moment)) yield changeLine(change)
}

/** Some lines at a time: fewer writes, and no string of a whole snapshot. */
function* joined(lines: Iterable<string>): Generator<string> {
  let some: string[] = []
  for (const line of lines) {
    some.push(line)
    if (some.length < linesAWrite) continue
    yield some.join('')
    some = []
  }
  if (some.length > 0) yield some.join('')
}
