import type { Generation } from '../types.js'
import { Cursor } from './cursor.js'
import { dialectOf, type Grammar } from './dialect.js'
import { type Failure, failure, syntaxError } from './failure.js'
import { otherEncoding, sharedState, unheard } from './isolation.js'
import { lacking, unretained } from './refusals.js'
import { readSubscription, type Subscription } from './subscription.js'
import { type Token, tokensOf } from './tokens.js'

/** How a stream's rows are sent: by `COPY` as text or CSV, or as the rows of a query, by the bare statement. */
export type Form = 'text' | 'csv' | 'rows'

/** A piece of what a client sent, by who answers it. */
export type Statement =
  /**
   * For PostgreSQL. `tags` renames the command tags of its answers, in order; undefined leaves one as it is.
   * `discards`: it is DISCARD ALL, which ends prepared statements too.
   */
  | {
      readonly kind: 'sql'
      readonly sql: string
      readonly tags: readonly (string | undefined)[]
      readonly discards?: true
    }
  | { readonly kind: 'subscribe'; readonly subscription: Subscription; readonly form: Form }
  /** `COPY … FROM STDIN`: its data is gathered first. */
  | { readonly kind: 'copy-in'; readonly sql: string; readonly binary: boolean }
  /** Refused before PostgreSQL sees it. */
  | { readonly kind: 'refused'; readonly failure: Failure }

/** The words that PostgreSQL takes after `COPY (`. */
const copyable: ReadonlySet<string> = new Set([
  'select',
  'with',
  'values',
  'table',
  'insert',
  'update',
  'delete',
  'merge',
  '(',
])

/**
 * Cuts what a client sent into the pieces that are ours and the runs of statements that are PostgreSQL's.
 * Text with nothing of ours in it comes back as one piece, so that it keeps its implicit transaction.
 */
export function statementsOf(sql: string, grammar: Grammar): Statement[] {
  const pieces: Statement[] = []
  let pending:
    | { start: number; tags: (string | undefined)[]; text: string; from: number; discards?: true }
    | undefined
  const close = (end: number): void => {
    if (pending === undefined) return
    const { text, from, tags, discards } = pending
    pieces.push({ kind: 'sql', sql: text + sql.slice(from, end), tags, ...(discards ? { discards } : {}) })
    pending = undefined
  }
  for (const tokens of splitStatements(tokensOf(sql))) {
    const [first] = tokens
    const last = tokens.at(-1)
    if (first === undefined || last === undefined) continue
    const ours = recognise(sql, tokens, grammar)
    if (ours !== undefined) {
      close(first.start)
      pieces.push(ours)
      continue
    }
    const start = pieces.length === 0 ? 0 : first.start
    pending ??= { start, tags: [], text: '', from: start }
    if (first.value === 'discard' && tokens[1]?.value === 'all') pending.discards = true
    const mapped = dialectOf(sql, tokens, grammar)
    if (mapped !== undefined) {
      pending.text += sql.slice(pending.from, first.start) + mapped.sql
      pending.from = last.end
    }
    pending.tags.push(mapped?.tag)
  }
  close(sql.length)
  return pieces.length > 0 ? pieces : [{ kind: 'sql', sql, tags: [] }]
}

function splitStatements(tokens: readonly Token[]): Token[][] {
  const statements: Token[][] = []
  let current: Token[] = []
  let depth = 0
  for (const token of tokens) {
    // The bodies of SQL functions (BEGIN ATOMIC … END) hold semicolons; no statement of ours does.
    if (token.kind === 'symbol' && token.value === '(') depth++
    if (token.kind === 'symbol' && token.value === ')') depth--
    if (token.kind === 'symbol' && token.value === ';' && depth <= 0) {
      statements.push(current)
      current = []
    } else current.push(token)
  }
  statements.push(current)
  return statements
}

function recognise(
  sql: string,
  tokens: readonly Token[],
  { generation, shared, historyMs }: Grammar,
): Statement | undefined {
  const cursor = new Cursor(tokens)
  const first = cursor.peek()
  if (first?.kind !== 'word') return undefined
  if (first.value === 'tail' || first.value === 'subscribe') return subscribe(sql, cursor, generation, 'rows')
  const refused =
    (shared ? sharedState(tokens) : unheard(tokens)) ??
    otherEncoding(tokens) ??
    lacking(tokens) ??
    unretained(tokens, historyMs)
  if (refused !== undefined) return refuse(refused)
  if (!cursor.take('copy')) return undefined
  if (cursor.take('(')) return copyOut(sql, cursor, generation)
  return copyIn(sql, tokens)
}

function subscribe(sql: string, cursor: Cursor, generation: Generation, form: Form): Statement {
  const keyword = cursor.next()
  const offset = keyword?.start ?? 0
  if (keyword?.value !== generation) {
    const message =
      generation === 'subscribe'
        ? 'TAIL has been renamed to SUBSCRIBE'
        : 'Unexpected keyword SUBSCRIBE at the beginning of a statement'
    return refuse(syntaxError(message, offset))
  }
  const subscription = readSubscription(sql, cursor, generation)
  return 'code' in subscription ? refuse(subscription) : { kind: 'subscribe', subscription, form }
}

function copyOut(sql: string, cursor: Cursor, generation: Generation): Statement | undefined {
  const first = cursor.peek()
  if (first === undefined || copyable.has(first.value)) return undefined
  if (first.value !== 'tail' && first.value !== 'subscribe') {
    const found = first.kind === 'word' ? `identifier "${first.value}"` : sql.slice(first.start, first.end)
    return refuse(
      syntaxError(`Expected a keyword at the beginning of a statement, found ${found}`, first.start),
    )
  }
  const inside = cursor.toClosing()
  const statement = subscribe(sql, new Cursor(inside ?? []), generation, 'text')
  if (statement.kind !== 'subscribe') return statement
  if (!cursor.take('to', 'stdout'))
    return refuse(syntaxError('Expected TO STDOUT', cursor.peek()?.start ?? sql.length))
  cursor.take('with')
  const options = cursor.take('(') ? (cursor.toClosing() ?? []) : []
  const form = formOf(options, generation)
  return typeof form === 'string' ? { ...statement, form } : form
}

/** What the options of COPY ask for. v0.26 wrote no CSV; binary is not written here, and neither writes other separators. */
function formOf(options: readonly Token[], generation: Generation): Form | Statement {
  let form: Form = 'text'
  for (const [i, { value }] of options.entries()) {
    const starts = i === 0 || options[i - 1]?.value === ','
    if (starts && (value === 'delimiter' || value === 'null' || value === 'quote')) {
      return refuse(failure('0A000', `COPY TO does not support ${value.toUpperCase()} option yet`))
    }
    const format = starts && value === 'format' ? options[i + 1]?.value.toLowerCase() : undefined
    if (format === 'csv' && generation === 'subscribe') form = 'csv'
    else if (format !== undefined && format !== 'text') {
      const name = format.slice(0, 1).toUpperCase() + format.slice(1)
      return refuse(
        failure('0A000', `COPY TO format ${name} not supported`, {
          hint: 'Leave it out: text is what it then is.',
        }),
      )
    }
  }
  return form
}

function copyIn(sql: string, tokens: readonly Token[]): Statement | undefined {
  const stdin = tokens.findIndex((token, i) => token.value === 'from' && tokens[i + 1]?.value === 'stdin')
  const [first] = tokens
  const last = tokens.at(-1)
  if (stdin < 0 || first === undefined || last === undefined) return undefined
  const binary = tokens.slice(stdin).some(token => token.value.toLowerCase() === 'binary')
  return { kind: 'copy-in', sql: sql.slice(first.start, last.end), binary }
}

function refuse(why: Failure): Statement {
  return { kind: 'refused', failure: why }
}
