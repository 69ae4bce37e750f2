/** One token of SQL. `start` and `end` are offsets in the text; whitespace and comments are not tokens. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'symbol'
  readonly start: number
  readonly end: number
  /**
   * Words folded to lower case, quoted identifiers and plain strings without their quotes,
   * everything else as it stands.
   */
  readonly value: string
}

const space = /\s+/y
const lineComment = /--[^\n\r]*/y
const word = /[\p{L}_][\p{L}\p{N}_$]*/uy
const number = /(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y
const dollarTag = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy

/**
 * The tokens of SQL text as PostgreSQL would cut it: quoting, dollar quoting, escape strings and nested comments
 * hide what is inside them. Never fails: what is not closed reaches to the end.
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */
export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = []
  let at = skip(sql, 0)
  while (at < sql.length) {
    const token = tokenAt(sql, at)
    tokens.push(token)
    at = skip(sql, token.end)
  }
  return tokens
}

function tokenAt(sql: string, start: number): Token {
  const at = (pattern: RegExp): string | undefined => matchAt(pattern, sql, start)
  const first = sql[start] ?? ''
  if ((first === 'e' || first === 'E') && sql[start + 1] === "'") {
    const end = quotedEnd(sql, start + 1, true)
    return { kind: 'string', start, end, value: sql.slice(start, end) }
  }
  if (first === '"' || first === "'") {
    const end = quotedEnd(sql, start, false)
    return { kind: first === '"' ? 'quoted' : 'string', start, end, value: bare(sql.slice(start, end)) }
  }
  const name = at(word)
  if (name !== undefined) return { kind: 'word', start, end: start + name.length, value: name.toLowerCase() }
  const tag = at(dollarTag)
  if (tag !== undefined) {
    const close = sql.indexOf(tag, start + tag.length)
    const end = close < 0 ? sql.length : close + tag.length
    return {
      kind: 'string',
      start,
      end,
      value: sql.slice(start + tag.length, close < 0 ? sql.length : close),
    }
  }
  const digits = at(number)
  if (digits !== undefined) return { kind: 'number', start, end: start + digits.length, value: digits }
  const symbol = String.fromCodePoint(sql.codePointAt(start) ?? 0)
  return { kind: 'symbol', start, end: start + symbol.length, value: symbol }
}

/**
 * Where what is quoted from `open` on ends. By hand: a literal may have many megabytes, which a pattern that repeats
 * alternatives does not survive.
 */
function quotedEnd(sql: string, open: number, takesBackslashes: boolean): number {
  const quote = sql[open] ?? ''
  for (let at = open + 1; ; ) {
    const end = sql.indexOf(quote, at)
    if (end < 0) return sql.length
    if (takesBackslashes && isEscaped(sql, end, at)) at = end + 1
    else if (sql[end + 1] === quote) at = end + 2
    else return end + 1
  }
}

/** Whether an odd number of backslashes stands before this place, from `since` on. */
function isEscaped(sql: string, at: number, since: number): boolean {
  let first = at
  while (first > since && sql[first - 1] === '\\') first--
  return (at - first) % 2 === 1
}

function bare(literal: string): string {
  const quote = literal[0] ?? ''
  const closed = literal.length > 1 && literal.endsWith(quote)
  return literal.slice(1, closed ? -1 : undefined).replaceAll(quote + quote, quote)
}

function skip(sql: string, from: number): number {
  let at = from
  for (;;) {
    const blank = matchAt(space, sql, at) ?? matchAt(lineComment, sql, at)
    if (blank !== undefined) at += blank.length
    else if (sql.startsWith('/*', at)) at = commentEnd(sql, at)
    else return at
  }
}

function commentEnd(sql: string, start: number): number {
  let depth = 0
  for (let at = start; at < sql.length; ) {
    if (sql.startsWith('/*', at)) {
      depth++
      at += 2
    } else if (sql.startsWith('*/', at)) {
      depth--
      at += 2
      if (depth === 0) return at
    } else at++
  }
  return sql.length
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}
