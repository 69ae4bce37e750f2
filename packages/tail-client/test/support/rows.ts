import { viewOf } from '../../src/copy/lines.js'
import { RowLog } from '../../src/log/row-log.js'
import { Run } from '../../src/log/run.js'
import { rowDecoder } from '../../src/rows/row.js'
import { updatesOf } from '../../src/rows/updates.js'
import type { Column } from '../../src/types/connection.js'
import type { UnknownRow, Update } from '../../src/types/update.js'
import type { ValueOptions } from '../../src/types/values.js'

export interface Told {
  readonly timestamp: bigint
  readonly diff: number
  readonly raw: string
}

/** Updates as the stream holds them until they are closed, one run per timestamp. */
export function runsOf(updates: readonly Told[], log: RowLog = new RowLog()): readonly Run[] {
  const runs: Run[] = []
  for (const { timestamp, diff, raw } of updates) {
    if (runs.at(-1)?.timestamp !== timestamp) runs.push(new Run(timestamp))
    const bytes = Buffer.from(raw)
    log.append(bytes, viewOf(bytes), 0, bytes.length, diff)
    runs.at(-1)?.add(log.segment, log.at)
  }
  return runs
}

/** The updates of runs, without their rows. */
export function told(runs: readonly Run[]): readonly Told[] {
  return updatesOf(runs, () => ({})).map(({ timestamp, diff, raw }) => ({ timestamp, diff, raw }))
}

/** The row of one line's own columns. */
export function rowOf(raw: string, columns: readonly Column[], options: ValueOptions = {}): UnknownRow {
  const runs = runsOf([{ timestamp: 1n, diff: 1, raw }])
  const [update]: readonly (Update<UnknownRow> | undefined)[] = updatesOf(runs, rowDecoder(columns, options))
  if (!update) throw new Error('one update was expected')
  return update.row
}
