import type { Clock } from '@mzalert/tail-client'
import { undelivered } from '../errors.js'
import type { Change } from '../lifecycle/instance.js'
import type { Sink } from '../types.js'
import { within } from './clock.js'
import { Lane, type LaneSurroundings } from './lane.js'
import type { LedgerEntry } from './ledger.js'

export type DispatcherSurroundings = Omit<LaneSurroundings, 'isHeld' | 'onDone'>

/** Tells every sink of every change, each on a lane of its own. */
export class Dispatcher {
  readonly lanes: readonly Lane[]
  readonly #with: DispatcherSurroundings
  #isHeld = false

  constructor(sinks: readonly Sink[], surroundings: DispatcherSurroundings) {
    this.#with = surroundings
    const more = { isHeld: () => this.#isHeld, onDone: (key: string) => this.#forget(key) }
    this.lanes = sinks.map(sink => new Lane(sink, { ...surroundings, ...more }))
  }

  /** Takes up what another process left, which had these sinks: one that is new hears of what fires, not of what is over. */
  resume(sinksBefore: readonly string[]): void {
    const { ledger } = this.#with
    const names = new Set(this.lanes.map(({ name }) => name))
    for (const entry of ledger.entries()) {
      for (const name of Object.keys(entry.acked)) if (!names.has(name)) delete entry.acked[name]
      for (const { name } of this.lanes)
        if (!sinksBefore.includes(name) && entry.status === 'resolved') entry.acked[name] = entry.revision
    }
    for (const lane of this.lanes) lane.resume(ledger.entries())
    for (const { key } of [...ledger.entries()]) this.#forget(key)
  }

  /** The entries of what changed, as they are now; each once. No sink is called before they are told. */
  note(changes: readonly Change[]): readonly LedgerEntry[] {
    this.#isHeld = true
    const entries = new Set<LedgerEntry>()
    for (const change of changes) entries.add(this.#with.ledger.apply(change))
    return [...entries]
  }

  /** Sends what was noted. */
  tell(entries: readonly LedgerEntry[]): void {
    this.#isHeld = false
    for (const lane of this.lanes) lane.changed(entries)
  }

  /** Sends what is left for so long; what is left then is reported. Then no sink is called any more. */
  async drain(clock: Clock, drainMs: number, isStored: boolean): Promise<void> {
    await within(clock, drainMs, Promise.all(this.lanes.map(lane => lane.drain())).then(noop), noop)
    for (const lane of this.lanes) lane.stop()
    for (const lane of this.lanes) {
      const left = [...this.#with.ledger.entries()].filter(entry => lane.isOutstanding(entry)).length
      if (left > 0) this.#with.onFailed(lane.name, undelivered(lane.name, left, isStored), undefined)
    }
  }

  #forget(key: string): void {
    const { ledger } = this.#with
    const entry = ledger.get(key)
    if (entry && this.lanes.every(lane => lane.isDone(entry))) ledger.remove(key)
  }
}

function noop(): void {}
