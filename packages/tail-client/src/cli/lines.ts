import type { Change } from '../stream/changes.js'
import type { Update } from '../types.js'

/** An update as one line of JSON. */
export function updateLine({ timestamp, diff, row }: Update<unknown>): string {
  return line({ timestamp, diff, row })
}

/** A change as one line of JSON; what there is not is left out. */
export function changeLine({ type, timestamp, row, previous }: Change<unknown>): string {
  return line({ type, timestamp, row, previous })
}

export function frontierLine(frontier: bigint): string {
  return line({ frontier })
}

/** Strings for what JSON has no number for: integers of 64 bits, NaN and the infinities. Bytes as the server writes them, `\x…`. */
function line(value: object): string {
  return `${JSON.stringify(value, (_, each: unknown) => plain(each))}\n`
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`
  return value
}
