import { type Failure, failure } from './failure.js'
import type { Token } from './tokens.js'

const outside: ReadonlySet<string> = new Set(['source', 'sink', 'connection', 'secret'])

/** Refuses what connects Materialize to other systems, with what to do instead. */
export function lacking(tokens: readonly Token[]): Failure | undefined {
  const [first, second] = tokens
  if (first?.value !== 'create' || second?.kind !== 'word' || !outside.has(second.value)) return undefined
  const hint = 'Make a table with the same columns and write to it.'
  return failure('0A000', `CREATE ${second.value.toUpperCase()} is not supported by the local engine`, {
    hint,
  })
}

const unitsMs: ReadonlyMap<string, number> = new Map([
  ...['ms', 'millisecond', 'milliseconds'].map(unit => [unit, 1] as const),
  ...['s', 'sec', 'secs', 'second', 'seconds'].map(unit => [unit, 1000] as const),
  ...['m', 'min', 'mins', 'minute', 'minutes'].map(unit => [unit, 60_000] as const),
  ...['h', 'hr', 'hrs', 'hour', 'hours'].map(unit => [unit, 3_600_000] as const),
  ...['d', 'day', 'days'].map(unit => [unit, 86_400_000] as const),
])

/** What `RETAIN HISTORY [=] [FOR] '…'` asks for; undefined if the statement does not. */
export function retention(tokens: readonly Token[]): string | undefined {
  const at = tokens.findIndex(({ value }, i) => value === 'retain' && tokens[i + 1]?.value === 'history')
  if (at < 0 || !['create', 'alter'].includes(tokens[0]?.value ?? '')) return undefined
  return tokens.slice(at + 2).find(({ kind }) => kind === 'string')?.value ?? ''
}

/** Refuses to promise more history than there is: it would be missed only when a client comes back. */
export function unretained(tokens: readonly Token[], historyMs: number): Failure | undefined {
  const asked = retention(tokens)
  if (asked === undefined) return undefined
  const [, count = '', unit = ''] = /^\s*(\d+)\s*([a-z]+)\s*$/i.exec(asked) ?? []
  const wantedMs = Number(count) * (unitsMs.get(unit.toLowerCase()) ?? Number.NaN)
  if (wantedMs <= historyMs) return undefined
  const what = `RETAIN HISTORY FOR '${asked}' is not available: the local engine keeps ${historyMs} ms`
  const enough = Number.isNaN(wantedMs) ? 'as many' : String(wantedMs)
  return failure('0A000', what, { hint: `Start it with historyMs: ${enough}, or leave it out.` })
}
