import type { Change } from '../stream/changes.js'
import type { Update } from '../types/update.js'
import { jsonOf } from './json.js'

/** An update as one line of JSON. */
export function updateLine({ timestamp, diff, row }: Update<unknown>): string {
  return `${jsonOf({ timestamp, diff, row })}\n`
}

/** A change as one line of JSON; what there is not is left out. */
export function changeLine({ type, timestamp, row, previous }: Change<unknown>): string {
  return `${jsonOf({ type, timestamp, row, previous })}\n`
}

export function frontierLine(frontier: bigint): string {
  return `${jsonOf({ frontier })}\n`
}
