import { type Batch, type Column, tail, type UnknownRow } from '@mzalert/tail-client'
import type { ViewOptions } from '../types.js'
import type { Found } from './explain.js'
import { tailOptions } from './options.js'
import type { Config } from './types.js'

/** Connects to a view, and gives its columns and what is in it now. Rejects with what `tail()` says; nothing is tried again. */
export async function findView(
  { view, query, connection }: ViewOptions,
  config: Config,
  timeoutMs: number,
): Promise<Found> {
  if (connection === undefined) throw new Error(`View ${view} has no connection.`)
  const stream = tail(query ?? view, {
    ...tailOptions(config),
    snapshotTimeoutMs: timeoutMs,
    connection,
    retry: false,
    waitForRelation: false,
  })
  let columns: readonly Column[] = []
  stream.events.on('connected', event => {
    columns = event.columns
  })
  try {
    for await (const snapshot of stream.batches() as AsyncIterable<Batch<UnknownRow>>)
      return { columns, snapshot }
    throw new Error(`The stream of view ${view} ended before its snapshot.`)
  } finally {
    await stream.close()
  }
}
