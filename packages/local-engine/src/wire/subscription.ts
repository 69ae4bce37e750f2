import type { Generation } from '../types.js'
import type { Cursor } from './cursor.js'
import { type Failure, failure, syntaxError } from './failure.js'

/** What is streamed: a relation by the parts of its name, or a query by its text. */
export type Subject =
  | { readonly kind: 'relation'; readonly parts: readonly string[] }
  | { readonly kind: 'query'; readonly sql: string }

/** From when on: a timestamp, the earliest readable at or after one, or the clock's time (v0.26's `now()`). */
export type AsOf = { readonly kind: 'at' | 'at least'; readonly timestamp: bigint } | { readonly kind: 'now' }

/** A TAIL or SUBSCRIBE statement. */
export interface Subscription {
  readonly subject: Subject
  readonly progress: boolean
  readonly snapshot: boolean
  readonly asOf?: AsOf
  readonly upTo?: bigint
}

const enveloped: Failure = failure(
  '0A000',
  'ENVELOPE and WITHIN TIMESTAMP ORDER BY are not supported by the local engine',
  { hint: 'Leave it out: the client puts updates of a key together.' },
)

const truths: ReadonlyMap<string, boolean> = new Map([
  ...['true', 't', 'on', 'yes', '1'].map(word => [word, true] as const),
  ...['false', 'f', 'off', 'no', '0'].map(word => [word, false] as const),
])

/**
 * Reads what follows the word TAIL or SUBSCRIBE, to the end of the tokens.
 *
 *     TAIL      { name | ( select ) } [ WITH ( option [= bool], … ) ] [ AS OF t ]
 *     SUBSCRIBE [TO] { name | ( select ) } [ WITH ( … ) ] [ AS OF [AT LEAST] t ] [ UP TO t ]
 *
 * https://materialize.com/docs/sql/subscribe/
 */
export function readSubscription(
  sql: string,
  cursor: Cursor,
  generation: Generation,
): Subscription | Failure {
  if (generation === 'subscribe') cursor.take('to')
  const subject = readSubject(sql, cursor)
  if ('code' in subject) return subject
  const options = readOptions(sql, cursor)
  if ('code' in options) return options
  let asOf: AsOf | undefined
  if (cursor.take('as', 'of')) {
    const atLeast = generation === 'subscribe' && cursor.take('at', 'least')
    if (cursor.take('now', '(', ')')) {
      if (generation === 'subscribe')
        return failure('0A000', 'cannot call current_timestamp in AS OF or UP TO ')
      asOf = { kind: 'now' }
    } else {
      const timestamp = readTimestamp(sql, cursor)
      if (typeof timestamp !== 'bigint') return timestamp
      asOf = { kind: atLeast ? 'at least' : 'at', timestamp }
    }
  }
  let upTo: bigint | undefined
  if (generation === 'subscribe' && cursor.take('up', 'to')) {
    const timestamp = readTimestamp(sql, cursor)
    if (typeof timestamp !== 'bigint') return timestamp
    upTo = timestamp
  }
  const left = cursor.peek()
  // Materialize takes them here too.
  if (left?.value === 'envelope' || left?.value === 'within') return enveloped
  if (left !== undefined) return unexpected(sql, cursor, 'end of statement')
  return {
    subject,
    progress: options.get('progress') ?? false,
    snapshot: options.get('snapshot') ?? true,
    ...(asOf === undefined ? {} : { asOf }),
    ...(upTo === undefined ? {} : { upTo }),
  }
}

function readSubject(sql: string, cursor: Cursor): Subject | Failure {
  if (cursor.take('(')) {
    const inside = cursor.toClosing()
    const [first] = inside ?? []
    const last = inside?.at(-1)
    if (first === undefined || last === undefined) return unexpected(sql, cursor, 'a query')
    return { kind: 'query', sql: sql.slice(first.start, last.end) }
  }
  const parts: string[] = []
  do {
    const name = cursor.peek()
    if (name?.kind !== 'word' && name?.kind !== 'quoted') return unexpected(sql, cursor, 'identifier')
    parts.push(name.value)
    cursor.next()
  } while (cursor.take('.'))
  return { kind: 'relation', parts }
}

function readOptions(sql: string, cursor: Cursor): ReadonlyMap<string, boolean> | Failure {
  const options = new Map<string, boolean>()
  if (cursor.take('envelope') || cursor.take('within')) return enveloped
  if (!cursor.take('with')) return options
  if (!cursor.take('(')) return unexpected(sql, cursor, 'left parenthesis')
  do {
    const name = cursor.peek()
    if (name?.kind !== 'word' || (name.value !== 'progress' && name.value !== 'snapshot'))
      return unexpected(sql, cursor, 'one of PROGRESS or SNAPSHOT')
    cursor.next()
    const explicit = cursor.take('=')
    const value = truths.get(cursor.peek()?.value ?? '')
    if (value !== undefined) cursor.next()
    else if (explicit) return unexpected(sql, cursor, 'a boolean')
    options.set(name.value, value ?? true)
  } while (cursor.take(','))
  return cursor.take(')') ? options : unexpected(sql, cursor, 'right parenthesis')
}

const digits = /^\d{1,20}$/

/** A whole number of milliseconds since 1970, bare or quoted, with or without `::mz_timestamp` or `::numeric`. */
function readTimestamp(sql: string, cursor: Cursor): bigint | Failure {
  const token = cursor.peek()
  if (token === undefined) return unexpected(sql, cursor, 'a timestamp')
  cursor.next()
  if (cursor.take(':', ':')) cursor.next()
  if ((token.kind === 'number' || token.kind === 'string') && digits.test(token.value))
    return BigInt(token.value)
  return failure('22000', 'AS OF or UP TO should be castable to a (non-null) mz_timestamp value', {
    hint: 'The local engine takes milliseconds since 1970, in digits.',
  })
}

function unexpected(sql: string, cursor: Cursor, wanted: string): Failure {
  const found = cursor.peek()
  if (found === undefined) return syntaxError(`Expected ${wanted}, found EOF`, sql.length)
  const kind =
    found.kind === 'word' ? `identifier "${found.value}"` : `"${sql.slice(found.start, found.end)}"`
  return syntaxError(`Expected ${wanted}, found ${kind}`, found.start)
}
