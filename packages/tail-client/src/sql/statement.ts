import { TailError } from '../errors.js'
import type { Generation } from '../types.js'
import { isSqlText, quoteName, type SqlText } from './text.js'

/** What to tail: a relation's name, the parts of a qualified name, or a query. */
export type Source = string | readonly string[] | SqlText

/** How a stream begins: with the contents, or after a frontier that this server sent. */
export type Start = { readonly snapshot: boolean } | { readonly after: bigint }

/** The source as it stands in a statement. */
function sourceText(source: Source): string {
  return isSqlText(source) ? `(${source.text})` : quoteName(source)
}

/**
 * The bare statement, for Parse and Describe. A resumed stream starts `AS OF` one below the frontier, since
 * `SNAPSHOT = false` gives what is strictly greater (https://materialize.com/docs/sql/subscribe/#durable-subscriptions).
 */
export function statement(source: Source, generation: Generation, start: Start): string {
  const verb = generation === 'tail' ? 'TAIL' : 'SUBSCRIBE'
  const text = `${verb} ${sourceText(source)}`
  if ('after' in start) return `${text} WITH (PROGRESS, SNAPSHOT = false) AS OF ${start.after - 1n}`
  return `${text} WITH (${start.snapshot ? 'PROGRESS' : 'PROGRESS, SNAPSHOT = false'})`
}

/** The statement that streams. */
export function copyStatement(source: Source, generation: Generation, start: Start): string {
  return `COPY (${statement(source, generation, start)}) TO STDOUT`
}

/** Which statement a server of this version speaks: TAIL was renamed in v0.27.0, without an overlap. */
export function generationOf(version: string): Generation {
  const match = /^v(\d+)\.(\d+)/.exec(version)
  if (!match)
    throw new TailError(
      'UNSUPPORTED',
      `The server calls itself ${JSON.stringify(version)}, which is no Materialize.`,
    )
  return Number(match[1]) === 0 && Number(match[2]) <= 26 ? 'tail' : 'subscribe'
}
