import { TailError } from '../errors.js'
import type { Column } from '../types/connection.js'

/** OIDs from here on are given out by each server as types are made: they say nothing on another one. */
const firstUserOid = 20_000

/**
 * Checks that a relation has the columns that were expected: names, types and order. Throws `SCHEMA_MISMATCH` with the first column that
 * is not so; `since` says what the expectation is of.
 */
export function checkColumns(expected: readonly Column[], now: readonly Column[], since: string): void {
  const wrong = difference(expected, now)
  if (wrong !== undefined)
    throw new TailError('SCHEMA_MISMATCH', `${wrong} ${since}. The columns are ${listed(now)}.`)
}

function difference(expected: readonly Column[], now: readonly Column[]): string | undefined {
  const byName = new Map(now.map(column => [column.name, column]))
  for (const { name, oid } of expected) {
    const same = byName.get(name)
    if (!same) return `Column ${JSON.stringify(name)} is gone`
    if (same.oid !== oid && Math.min(same.oid, oid) < firstUserOid)
      return `Column ${JSON.stringify(name)} has type OID ${same.oid}, not ${oid} as`
  }
  const added = now.find(({ name }) => !expected.some(column => column.name === name))
  if (added) return `Column ${JSON.stringify(added.name)} is new`
  const moved = now.find(({ name }, at) => expected[at]?.name !== name)
  return moved && `Column ${JSON.stringify(moved.name)} is in another place than`
}

/** Columns as a message shows them. */
export function listed(columns: readonly Column[]): string {
  return columns.map(({ name, oid }) => `${name} ${oid}`).join(', ')
}
