import { TailError } from '../errors.js'
import type { Generation } from '../types/connection.js'
import type { Envelope } from '../types/options.js'
import { isSqlText, quoteName, type SqlText } from './text.js'

/** What to tail: a relation's name, the parts of a qualified name, or a query. */
export type Source = string | readonly string[] | SqlText

/** How a stream begins: with or without the contents, perhaps as of a timestamp, or after a frontier that this server sent. */
export type Start =
  | {
      readonly snapshot: boolean
      readonly asOf?: bigint | undefined
      readonly asOfAtLeast?: bigint | undefined
    }
  | { readonly after: bigint }

/** How the server shapes changes, by the columns of a key. */
export interface Shape {
  readonly kind: Envelope
  readonly key: readonly string[]
}

/** How many columns a stream has before the relation's own: mz_timestamp, mz_progressed, and mz_diff or mz_state. */
export const leadingColumns = 3

/** The source as it stands in a statement. */
export function sourceText(source: Source): string {
  if (!isSqlText(source)) return quoteName(source)
  // A comment at the end must not take the parenthesis with it.
  return source.text.includes('--') ? `(${source.text}\n)` : `(${source.text})`
}

/**
 * The bare statement, for Parse and Describe. A resumed stream starts `AS OF` one below the frontier, since
 * `SNAPSHOT = false` gives what is strictly greater (https://materialize.com/docs/sql/subscribe/#durable-subscriptions).
 * Throws `UNSUPPORTED` for what TAIL has no words for.
 */
export function statement(
  source: Source,
  generation: Generation,
  start: Start,
  upTo?: bigint,
  shape?: Shape,
): string {
  const verb = generation === 'tail' ? 'TAIL' : 'SUBSCRIBE'
  const isResumed = 'after' in start
  const options = !isResumed && start.snapshot ? 'PROGRESS' : 'PROGRESS, SNAPSHOT = false'
  const [asOf, atLeast] = isResumed ? [start.after - 1n] : [start.asOf, start.asOfAtLeast]
  if (generation === 'tail' && (atLeast !== undefined || upTo !== undefined))
    throw new TailError(
      'UNSUPPORTED',
      'asOfAtLeast and upTo need SUBSCRIBE, which this server does not have.',
    )
  if (generation === 'tail' && shape)
    throw new TailError('UNSUPPORTED', 'An envelope needs SUBSCRIBE, which this server does not have.')
  const keys = shape?.key.map(name => quoteName([name])).join(', ')
  const envelope = shape ? ` ENVELOPE ${shape.kind.toUpperCase()} (KEY (${keys}))` : ''
  return [
    `${verb} ${sourceText(source)}${envelope} WITH (${options})`,
    asOf === undefined ? '' : ` AS OF ${asOf}`,
    atLeast === undefined ? '' : ` AS OF AT LEAST ${atLeast}`,
    upTo === undefined ? '' : ` UP TO ${upTo}`,
  ].join('')
}

/** The statement that streams. */
export function copyStatement(
  source: Source,
  generation: Generation,
  start: Start,
  upTo?: bigint,
  shape?: Shape,
): string {
  return `COPY (${statement(source, generation, start, upTo, shape)}) TO STDOUT`
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
