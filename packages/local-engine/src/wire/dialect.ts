import type { Generation } from '../types.js'
import { Cursor } from './cursor.js'
import { retention } from './refusals.js'
import { ownSettings, settingName } from './settings.js'
import type { Token } from './tokens.js'

/** How what clients send is to be read. */
export interface Grammar {
  readonly generation: Generation
  /** All clients have one session: what it would keep for everybody is refused. */
  readonly shared: boolean
  /** For how long changes of every view are kept: what `RETAIN HISTORY` may ask for. */
  readonly historyMs: number
}

/** A statement of Materialize in PostgreSQL's words, and the command tag that Materialize would answer with. */
export interface Mapped {
  readonly sql: string
  readonly tag?: string
}

/**
 * The few statements that the same models need on Materialize and here. A materialized view is a view:
 * every view is kept current for those who listen to it, and PostgreSQL's own materialized views would be stale.
 */
export function dialectOf(
  sql: string,
  tokens: readonly Token[],
  { generation, shared }: Grammar,
): Mapped | undefined {
  const cursor = new Cursor(tokens)
  const first = cursor.next()
  if (first?.kind !== 'word') return undefined
  if (first.value === 'set' || first.value === 'show' || first.value === 'reset')
    return setting(sql, tokens, cursor)
  // What else it discards is kept apart for each client, or refused.
  if (shared && first.value === 'discard' && cursor.take('all'))
    return { sql: 'RESET ALL', tag: 'DISCARD ALL' }
  if ((first.value === 'drop' || first.value === 'alter') && cursor.take('materialized', 'view')) {
    const drops = generation === 'subscribe' ? 'DROP MATERIALIZED VIEW' : 'DROP VIEW'
    const tag = first.value === 'drop' ? { tag: drops } : {}
    return { sql: blank(sql, tokens, [wordRange(tokens, 'materialized')]), ...tag }
  }
  if (first.value === 'drop' && cursor.take('index')) return indexDrop(sql, tokens, cursor)
  if (first.value === 'alter' && retention(tokens) !== undefined) return nothing('ALTER')
  if (cursor.take('cluster')) return nothing(`${first.value.toUpperCase()} CLUSTER`)
  if (first.value === 'comment' && cursor.take('on', 'materialized', 'view')) {
    return { sql: blank(sql, tokens, [wordRange(tokens, 'materialized')]) }
  }
  return first.value === 'create' ? creation(sql, tokens, cursor, generation) : undefined
}

/** An index on a view is not there: PostgreSQL says of one that is missing that it skips it. */
function indexDrop(sql: string, tokens: readonly Token[], cursor: Cursor): Mapped | undefined {
  cursor.take('concurrently')
  if (cursor.take('if', 'exists')) return undefined
  const name = cursor.peek()?.start ?? sql.length
  return { sql: `${sql.slice(tokens[0]?.start, name)}IF EXISTS ${sql.slice(name, tokens.at(-1)?.end)}` }
}

function creation(
  sql: string,
  tokens: readonly Token[],
  cursor: Cursor,
  generation: Generation,
): Mapped | undefined {
  if (cursor.take('default', 'index')) return nothing('CREATE INDEX')
  if (cursor.take('index')) {
    const plain = blank(sql, tokens, [clusterRange(tokens, 'on')])
    // PostgreSQL cannot index a view; Materialize does, to keep it in memory, which a view that is streamed here is.
    return cursor.take('concurrently')
      ? undefined
      : { sql: unless('wrong_object_type', plain), tag: 'CREATE INDEX' }
  }
  if (cursor.take('table')) {
    const options = retainOptions(tokens)
    return options === undefined ? undefined : { sql: blank(sql, tokens, [options]) }
  }
  cursor.take('or', 'replace')
  const materialized = cursor.take('materialized', 'view')
  if (!materialized && !cursor.take('view')) return undefined
  const optional = cursor.take('if', 'not', 'exists')
  if (!materialized && !optional) return undefined
  const ranges = materialized
    ? [wordRange(tokens, 'materialized'), clusterRange(tokens, 'as'), viewOptions(tokens)]
    : []
  const from = tokens.findIndex(token => token.kind === 'word' && token.value === 'if')
  const plain = blank(sql, tokens, optional ? [...ranges, [from, from + 2]] : ranges)
  const tag = materialized && generation === 'subscribe' ? 'CREATE MATERIALIZED VIEW' : 'CREATE VIEW'
  return { sql: optional ? unless('duplicate_table', plain) : plain, tag }
}

/** A statement that has no effect. */
function nothing(tag: string): Mapped {
  return { sql: "SET mz.nothing = ''", tag }
}

/** The statement, without the error that PostgreSQL alone would give. */
function unless(condition: string, sql: string): string {
  const inner = `EXECUTE $mz_local_sql$${sql}$mz_local_sql$; EXCEPTION WHEN ${condition} THEN NULL;`
  return `DO $mz_local$ BEGIN ${inner} END $mz_local$`
}

type Range = readonly [first: number, last: number]

function setting(sql: string, tokens: readonly Token[], cursor: Cursor): Mapped | undefined {
  if (!cursor.take('session')) cursor.take('local')
  const name = cursor.peek()
  if (name?.kind !== 'word' || !ownSettings.includes(name.value)) return undefined
  const end = tokens.at(-1)?.end ?? sql.length
  return {
    sql: `${sql.slice(tokens[0]?.start, name.start)}${settingName(name.value)}${sql.slice(name.end, end)}`,
  }
}

/** The statement with ranges of tokens replaced by spaces: offsets in error messages stay true. */
function blank(sql: string, tokens: readonly Token[], ranges: readonly (Range | undefined)[]): string {
  const base = tokens[0]?.start ?? 0
  let text = sql.slice(base, tokens.at(-1)?.end)
  for (const range of ranges) {
    const start = tokens[range?.[0] ?? -1]?.start
    const end = tokens[range?.[1] ?? -1]?.end
    if (start === undefined || end === undefined) continue
    text = text.slice(0, start - base) + ' '.repeat(end - start) + text.slice(end - base)
  }
  return text
}

function wordRange(tokens: readonly Token[], value: string): Range {
  const at = tokens.findIndex(token => token.kind === 'word' && token.value === value)
  return [at, at]
}

/** `IN CLUSTER name`, before this word. */
function clusterRange(tokens: readonly Token[], before: string): Range | undefined {
  const end = tokens.findIndex(token => token.kind === 'word' && token.value === before)
  const at = tokens.findIndex((token, i) => token.value === 'in' && tokens[i + 1]?.value === 'cluster')
  return at < 0 || at > end ? undefined : [at, at + 2]
}

/** `WITH (…)` before a view's AS: what Materialize is told of refreshes, asserts and history. */
function viewOptions(tokens: readonly Token[]): Range | undefined {
  const as = tokens.findIndex(token => token.kind === 'word' && token.value === 'as')
  const at = tokens.findIndex((token, i) => token.value === 'with' && tokens[i + 1]?.value === '(')
  if (at < 0 || at > as) return undefined
  const close = tokens.findLastIndex((token, i) => i < as && token.kind === 'symbol' && token.value === ')')
  return [at, close]
}

/** `WITH (RETAIN HISTORY FOR '1h')`: how long a timestamp stays readable; here none does. */
function retainOptions(tokens: readonly Token[]): Range | undefined {
  const at = tokens.findIndex(
    (token, i) => token.value === 'with' && tokens[i + 1]?.value === '(' && tokens[i + 2]?.value === 'retain',
  )
  const close = tokens.findIndex((token, i) => i > at && token.kind === 'symbol' && token.value === ')')
  return at < 0 || close < 0 ? undefined : [at, close]
}
