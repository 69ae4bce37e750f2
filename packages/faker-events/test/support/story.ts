import { createHash } from 'node:crypto'
import { type GeneratedEvent, ndjsonLine } from '../../src/index.js'

/** A round time to start from: 2023-11-14T22:13:20Z. */
export const origin = 1_700_000_000_000

/** SHA-256 of the events as lines of JSON. */
export function digest(events: Iterable<GeneratedEvent>): string {
  const hash = createHash('sha256')
  for (const event of events) hash.update(ndjsonLine(event))
  return hash.digest('hex')
}

/** The first `count` of a sequence that may not end. */
export function first<Item>(count: number, items: Iterable<Item>): Item[] {
  const taken: Item[] = []
  for (const item of items) {
    taken.push(item)
    if (taken.length === count) break
  }
  return taken
}

/** What a promise rejects with; fails if it does not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    value => Promise.reject(new Error(`It resolved with ${String(value)}`)),
    (error: unknown) => error,
  )
}
