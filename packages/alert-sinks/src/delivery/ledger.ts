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

  apply({ type, key, content, startsAtMs, endsAtMs }: Change): LedgerEntry {
    const entry = this.#entries.get(key) ?? this.#add(key, content)
    entry.content = content
    entry.status = type === 'resolved' ? 'resolved' : 'firing'
    entry.startsAtMs = startsAtMs
    entry.endsAtMs = endsAtMs
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

/** The alert as it is told: nothing of it is in the future, whatever the server's clock says. */
export function alertOf(
  entry: Pick<LedgerEntry, 'content' | 'status' | 'startsAtMs' | 'endsAtMs'>,
  reason: Alert['reason'],
  nowMs: number,
): Alert {
  const { content, status, endsAtMs } = entry
  const startsAtMs = Math.min(entry.startsAtMs, nowMs)
  return {
    status,
    fingerprint: content.fingerprint,
    labels: content.labels,
    annotations: content.annotations,
    links: content.links,
    generatorURL: content.generatorURL,
    startsAtMs,
    endsAtMs: endsAtMs === undefined ? undefined : Math.max(startsAtMs, Math.min(endsAtMs, nowMs)),
    reason,
  }
}
