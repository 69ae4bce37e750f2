import type { Content } from '../alerts/content.js'
import type { Change } from '../lifecycle/instance.js'
import type { Alert } from '../types.js'

/** The newest public state of an alert, and what each sink knows of it. Times are in milliseconds since 1970. */
export interface LedgerEntry {
  readonly key: string
  content: Content
  status: Alert['status']
  startsAtMs: number
  endsAtMs: number | undefined
  /** Grows with every change. */
  revision: number
  /** The revision at which the status changed last. */
  transition: number
  /** By sink, the revision that it has, or will not get. */
  readonly acked: Record<string, number>
}

/** The book of what sinks have to be told: one entry for each alert, from when it fires until every sink knows of its end. */
export class Ledger {
  readonly #entries: Map<string, LedgerEntry>

  constructor(stored: readonly LedgerEntry[] = []) {
    this.#entries = new Map(stored.map(entry => [entry.key, entry]))
  }

  get(key: string): LedgerEntry | undefined {
    return this.#entries.get(key)
  }

  entries(): IterableIterator<LedgerEntry> {
    return this.#entries.values()
  }

  get size(): number {
    return this.#entries.size
  }

  /**
   * Enters a change. Whatever the server's clock says, nothing is in the future of `nowMs`; that is decided here, once, so that an alert
   * has the same times however often it is sent.
   */
  apply({ type, key, content, startsAtMs, endsAtMs }: Change, nowMs: number): LedgerEntry {
    const known = this.#entries.get(key)
    const entry = known ?? this.#add(key, content)
    entry.content = content
    entry.status = type === 'resolved' ? 'resolved' : 'firing'
    if (type === 'firing' || known === undefined) entry.startsAtMs = Math.min(startsAtMs, nowMs)
    entry.endsAtMs =
      endsAtMs === undefined ? undefined : Math.max(entry.startsAtMs, Math.min(endsAtMs, nowMs))
    entry.revision++
    if (type !== 'updated') entry.transition = entry.revision
    return entry
  }

  remove(key: string): void {
    this.#entries.delete(key)
  }

  #add(key: string, content: Content): LedgerEntry {
    const entry: LedgerEntry = {
      key,
      content,
      status: 'firing',
      startsAtMs: 0,
      endsAtMs: undefined,
      revision: 0,
      transition: 0,
      acked: {},
    }
    this.#entries.set(key, entry)
    return entry
  }
}

/** The alert as it is told, in the words of the entry or in others. */
export function alertOf(
  entry: LedgerEntry,
  reason: Alert['reason'],
  content: Content = entry.content,
): Alert {
  return {
    status: entry.status,
    fingerprint: content.fingerprint,
    labels: content.labels,
    annotations: content.annotations,
    links: content.links,
    generatorURL: content.generatorURL,
    startsAtMs: entry.startsAtMs,
    endsAtMs: entry.endsAtMs,
    reason,
  }
}
