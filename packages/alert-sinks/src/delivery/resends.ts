import type { Content } from '../alerts/content.js'
import type { Sink } from '../types.js'
import type { LedgerEntry } from './ledger.js'

interface Sent {
  readonly atMs: number
  /** When its end was sent first; undefined while it fires. */
  readonly endSentAtMs: number | undefined
  /** What the sink took last; undefined if nothing is known of that. */
  readonly content: Content | undefined
}

/** When what did not change is to be sent again, and in which words. Times are of the monotonic clock, in milliseconds. */
export class Resends {
  readonly #rule: Sink['resend']
  /** By when it was sent last: the first is due first. */
  readonly #sent = new Map<string, Sent>()

  /** Without a rule, nothing ever is. */
  constructor(rule: Sink['resend']) {
    this.#rule = rule
  }

  has(key: string): boolean {
    return this.#sent.has(key)
  }

  /** What the sink took last: words that it refused are not sent again. */
  contentOf(key: string): Content | undefined {
    return this.#sent.get(key)?.content
  }

  /** When the first is due; undefined if none is. */
  get nextMs(): number | undefined {
    const first = this.#sent.values().next().value
    return first && this.#rule ? first.atMs + this.#rule.everyMs : undefined
  }

  /**
   * It was sent just now, or would have been; `content` is what the sink took, if it took it. What is resolved is forgotten some time
   * after it was sent first.
   */
  sent({ key, status }: LedgerEntry, nowMs: number, content?: Content): void {
    if (!this.#rule) return
    const before = this.#sent.get(key)
    const endSentAtMs = status === 'resolved' ? (before?.endSentAtMs ?? nowMs) : undefined
    this.#sent.delete(key)
    if (endSentAtMs !== undefined && nowMs + this.#rule.everyMs > endSentAtMs + this.#rule.resolvedForMs)
      return
    this.#sent.set(key, { atMs: nowMs, endSentAtMs, content: content ?? before?.content })
  }

  forget(key: string): void {
    this.#sent.delete(key)
  }

  /** Those that are due; each stays known until it is `sent` again. */
  *take(nowMs: number): Generator<string> {
    if (!this.#rule) return
    const due: string[] = []
    for (const [key, { atMs }] of this.#sent) {
      if (atMs + this.#rule.everyMs > nowMs) break
      due.push(key)
    }
    for (const key of due) {
      const sent = this.#sent.get(key)
      if (!sent) continue
      // Not due a second time while it waits: as if it had been sent.
      this.#sent.delete(key)
      this.#sent.set(key, { ...sent, atMs: nowMs })
      yield key
    }
  }
}
