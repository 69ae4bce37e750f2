import { invalidOption } from '../errors.js'
import { KeyedRows } from '../stream/changes.js'
import { keyFunction } from '../stream/keys.js'
import type { ResumableBatch, UnknownRow, Update } from '../types.js'
import { changeLine, frontierLine, updateLine } from './lines.js'

export interface FollowOptions {
  /** Writes lines; resolves when there is room for more. */
  readonly write: (text: string) => Promise<void>
  /** Columns of a key: changes instead of updates. */
  readonly changes: readonly string[] | undefined
  /** Ends after the contents. */
  readonly once: boolean
  readonly progress: boolean
  /** Called once the lines of a batch have been written. */
  readonly written: ((batch: ResumableBatch<UnknownRow>) => Promise<void>) | undefined
}

const linesAWrite = 500

/** Writes batches as lines, one object each, until they end. Nothing is read ahead of what can be written. */
export async function follow(
  batches: AsyncIterable<ResumableBatch<UnknownRow>>,
  { write, changes, once, progress, written }: FollowOptions,
): Promise<void> {
  const keyed = changes && new KeyedRows(keyFunction<UnknownRow>(changes))
  for await (const batch of batches) {
    if (changes) checkKey(changes, batch.updates[0]?.row)
    const lines = keyed ? changeLines(batch.updates, keyed) : updateLines(batch.updates)
    for (const text of joined(lines)) await write(text)
    if (batch.part && !batch.part.isLast) continue
    if (progress) await write(frontierLine(batch.upper))
    await written?.(batch)
    if (once) return
  }
}

function checkKey(changes: readonly string[], row: UnknownRow | undefined): void {
  const unknown = row && changes.find(name => !Object.hasOwn(row, name))
  if (unknown !== undefined)
    throw invalidOption('--changes', unknown, `columns of the view: ${Object.keys(row ?? {}).join(', ')}`)
}

function* updateLines(updates: readonly Update<UnknownRow>[]): Generator<string> {
  for (const update of updates) yield updateLine(update)
}

function* changeLines(
  updates: readonly Update<UnknownRow>[],
  keyed: KeyedRows<UnknownRow>,
): Generator<string> {
  for (let from = 0; from < updates.length; ) {
    let to = from
    while (updates[to]?.timestamp === updates[from]?.timestamp) to++
    for (const change of keyed.apply(updates.slice(from, to))) yield changeLine(change)
    from = to
  }
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
