import { createHash } from 'node:crypto'
import { invalidOption, TailError } from './errors.js'
import { listed } from './rows/columns.js'
import type { Column } from './types/connection.js'

/** What a token says; `source` and `columns` are fingerprints, so that a token cannot resume another relation. */
interface TokenContents {
  readonly source: string
  readonly columns: string
  readonly frontier: bigint
}

const version = 'mzt1'

/**
 * The place in a stream as one opaque string: version, relation, columns and frontier, with a checksum. Text for a token is
 * stable across processes and releases of this major version.
 */
export function encodeToken({ source, columns, frontier }: TokenContents): string {
  const body = `${version}.${source}.${columns}.${frontier}`
  return `${body}.${digest(body).slice(0, 8)}`
}

/** Reads a token. Throws `INVALID_OPTION` for anything that `encodeToken` did not make. */
export function decodeToken(token: string): TokenContents {
  const match = /^(mzt1\.([\w-]{12})\.([\w-]{12})\.(\d{1,20}))\.([\w-]{8})$/.exec(token)
  if (!match || digest(match[1] ?? '').slice(0, 8) !== match[5])
    throw invalidOption('from', token.slice(0, 60), `a token of a batch, which begins with ${version}`)
  return { source: match[2] ?? '', columns: match[3] ?? '', frontier: BigInt(match[4] ?? 0) }
}

/** Checks that a token was made for this relation or query. */
export function checkTokenSource(token: TokenContents, source: string): void {
  if (token.source !== fingerprint(source))
    throw new TailError('SCHEMA_MISMATCH', `The token is of another relation or query than ${source}.`)
}

/** Checks that the relation still has the columns that it had when the token was made. */
export function checkTokenColumns(token: TokenContents, columns: readonly Column[]): void {
  if (token.columns !== columnsFingerprint(columns))
    throw new TailError(
      'SCHEMA_MISMATCH',
      `The relation has other columns than when the token was made; now they are ${listed(columns)}. Start anew without it.`,
    )
}

export function columnsFingerprint(columns: readonly Column[]): string {
  return fingerprint(JSON.stringify(columns.map(({ name, oid }) => [name, oid])))
}

export function fingerprint(text: string): string {
  return digest(text).slice(0, 12)
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
