import { TailError } from '../errors.js'
import type { Source } from '../sql/statement.js'
import { isSqlText } from '../sql/text.js'
import { tail } from '../tail.js'
import type { ResumableBatch } from '../types/batch.js'
import type { UnknownRow } from '../types/update.js'
import { type Arguments, sourceOf } from './arguments.js'
import type { Description, Patience } from './connection.js'
import { type Observation, observe } from './observe.js'
import { reportText } from './report.js'

/** Looks at a stream for as long as it may, and says what it saw. Fails as `tail()` does, without trying again. */
export async function explain(
  { url, sources }: Arguments,
  description: Description,
  patience: Patience,
): Promise<string> {
  const [name = ''] = sources
  const source = sourceOf(name)
  const seen = await during(url, source, patience, batches =>
    observe(batches, description.columns, patience.clock),
  )
  const canResume = await resumes(url, source, seen, patience)
  const isQuery = isSqlText(source)
  const shown = isQuery ? source.text : name
  return reportText({ ...description, name: shown, isQuery, seen, canResume })
}

async function during(
  connection: string,
  source: Source,
  { clock, signal, timeLimitMs }: Patience,
  look: (batches: AsyncIterable<ResumableBatch<UnknownRow>>) => Promise<Observation>,
): Promise<Observation> {
  const rows = tail(source, { connection, signal, retry: false })
  // Half a second is left to find out whether the server can go back.
  const lookMs = Math.max(timeLimitMs / 2, timeLimitMs - 500)
  const timer = clock.setTimer(() => void rows.close(), lookMs)
  try {
    return await look(rows.batches({ partRows: 2000 }))
  } finally {
    timer.clear()
  }
}

async function resumes(
  connection: string,
  source: Source,
  { token }: Observation,
  { clock, signal }: Patience,
): Promise<boolean | undefined> {
  if (token === undefined) return undefined
  const rows = tail(source, { connection, signal, from: token, retry: false })
  const timer = clock.setTimer(() => void rows.close(), 5000)
  try {
    for await (const _ of rows.batches()) return true
    return undefined
  } catch (error) {
    if (TailError.is(error) && error.code === 'HISTORY_LOST') return false
    throw error
  } finally {
    timer.clear()
  }
}
