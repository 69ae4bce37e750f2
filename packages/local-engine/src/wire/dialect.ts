import type { Generation } from '../types.js'
import { Cursor } from './cursor.js'
import { ownSettings, settingName } from './settings.js'
import type { Token } from './tokens.js'

/** A statement of Materialize in PostgreSQL's words, and the command tag that Materialize would answer with. */
export interface Mapped {
  readonly sql: string
  readonly tag?: string
}

/**
 * The few statements that the same models need on Materialize and here. A materialized view is a view:
 * every view is kept current for those who listen to it, and PostgreSQL's own materialized views would be stale.
 */
export function dialectOf(sql: string, tokens: readonly Token[], generation: Generation): Mapped | undefined {
  const cursor = new Cursor(tokens)
  const first = cursor.next()
  if (first?.kind !== 'word') return undefined
  if (first.value === 'set' || first.value === 'show' || first.value === 'reset')
    return setting(sql, tokens, cursor)
  if (first.value === 'drop' && cursor.take('materialized', 'view')) {
    const tag = generation === 'subscribe' ? 'DROP MATERIALIZED VIEW' : 'DROP VIEW'
    return { sql: blank(sql, tokens, [wordRange(tokens, 'materialized')]), tag }
  }
  if (first.value !== 'create') return undefined
  if (cursor.take('default', 'index')) return { sql: "SET mz.default_index = ''", tag: 'CREATE INDEX' }
  if (cursor.take('table')) {
    const options = retainOptions(tokens)
    return options === undefined ? undefined : { sql: blank(sql, tokens, [options]) }
  }
  cursor.take('or', 'replace')
  if (!cursor.take('materialized', 'view')) return undefined
  const ranges = [wordRange(tokens, 'materialized'), clusterRange(tokens), retainOptions(tokens)]
  const tag = generation === 'subscribe' ? 'CREATE MATERIALIZED VIEW' : 'CREATE VIEW'
  return { sql: blank(sql, tokens, ranges), tag }
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

/** `IN CLUSTER name`, before the view's AS. */
function clusterRange(tokens: readonly Token[]): Range | undefined {
  const as = tokens.findIndex(token => token.kind === 'word' && token.value === 'as')
  const at = tokens.findIndex((token, i) => token.value === 'in' && tokens[i + 1]?.value === 'cluster')
  return at < 0 || at > as ? undefined : [at, at + 2]
}

/** `WITH (RETAIN HISTORY FOR '1h')`: how long a timestamp stays readable; here none does. */
function retainOptions(tokens: readonly Token[]): Range | undefined {
  const at = tokens.findIndex(
    (token, i) => token.value === 'with' && tokens[i + 1]?.value === '(' && tokens[i + 2]?.value === 'retain',
  )
  const close = tokens.findIndex((token, i) => i > at && token.kind === 'symbol' && token.value === ')')
  return at < 0 || close < 0 ? undefined : [at, close]
}
