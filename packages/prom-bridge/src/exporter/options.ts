import { type Connection, type SqlText, sql, type TailOptions } from '@mzalert/tail-client'
import type { RemoteWriteOptions } from '../push/types.js'
import type { ViewOptions } from '../types.js'
import type { Config, ConnectionConfig, RemoteWriteConfig, ViewConfig } from './types.js'

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** A duration as the schema lets it through, in whole milliseconds: servers take no others. One that is not 0 is 1 at least. */
export function durationMs(text: string): number {
  const [, number = '', unit = ''] = /^([\d.]+)(ms|s|m|h)$/.exec(text) ?? []
  const ms = Number(number) * (unitsMs[unit] ?? Number.NaN)
  return ms > 0 ? Math.max(1, Math.round(ms)) : ms
}

/** What `bridge()` takes for a view of a configuration. */
export function viewOptions(view: ViewConfig, connections: Config['connections']): ViewOptions {
  const { query, connection, onRemove, onDisconnect, staleAfter, ...same } = view
  const where = connection === undefined ? Object.values(connections)[0] : connections[connection]
  return {
    ...same,
    ...(where === undefined ? {} : { connection: connectionOf(where) }),
    ...(query === undefined ? {} : { query: sqlOf(query) }),
    ...(onRemove === undefined
      ? {}
      : { onRemove: onRemove === 'delete' ? onRemove : { zeroForMs: durationMs(onRemove.zeroFor) } }),
    ...(onDisconnect === undefined
      ? {}
      : {
          onDisconnect:
            typeof onDisconnect === 'string' ? onDisconnect : { holdForMs: durationMs(onDisconnect.holdFor) },
        }),
    ...(staleAfter === undefined ? {} : { staleAfterMs: durationMs(staleAfter) }),
  }
}

/**
 * What every `tail()` of a configuration gets. A database that still boots is waited for, unless that is not wished, and one that is there
 * again is found within five seconds: alerts wait for it.
 */
export function tailOptions({ tail = {} }: Config): Partial<TailOptions> {
  const { waitForRelation = true, connectTimeout, progressTimeout, snapshotTimeout } = tail
  return {
    waitForRelation,
    retry: { maxMs: 5000 },
    ...(connectTimeout === undefined ? {} : { connectTimeoutMs: durationMs(connectTimeout) }),
    ...(progressTimeout === undefined ? {} : { progressTimeoutMs: durationMs(progressTimeout) }),
    ...(snapshotTimeout === undefined ? {} : { snapshotTimeoutMs: durationMs(snapshotTimeout) }),
  }
}

/** What `remoteWrite()` takes of a configuration. */
export function pushOptions({ url, interval, labels, headers }: RemoteWriteConfig): RemoteWriteOptions {
  return {
    url,
    ...(interval === undefined ? {} : { intervalMs: durationMs(interval) }),
    ...(labels === undefined ? {} : { labels }),
    ...(headers === undefined ? {} : { headers }),
  }
}

/** Whoever writes the file writes the query: there is nothing in it to quote. */
function sqlOf(query: string): SqlText {
  return sql(Object.assign([query], { raw: [query] }))
}

function connectionOf(connection: string | ConnectionConfig): Connection {
  return connection
}
