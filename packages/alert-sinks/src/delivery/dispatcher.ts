import type { Clock } from '@mzalert/tail-client'
import { undelivered } from '../errors.js'
import type { Change } from '../lifecycle/instance.js'
import { itemsInSlice, type Slices } from '../lifecycle/work.js'
import type { Alert, Sink } from '../types.js'
import { within } from './clock.js'
import { Lane } from './lane.js'
import { alertOf, type LedgerEntry } from './ledger.js'
import type { LaneSurroundings } from './surroundings.js'

export type DispatcherSurroundings = Omit<LaneSurroundings, 'isHeld' | 'onDone'>

/** What was noted: each entry once, and every change as it is announced. */
export interface Noted {
  readonly entries: readonly LedgerEntry[]
  readonly announcements: readonly { readonly type: Change['type']; readonly alert: Alert }[]
}

/** Tells every sink of every change, each on a lane of its own. */
export class Dispatcher {
  readonly lanes: readonly Lane[]
  readonly #surroundings: DispatcherSurroundings
  #isHeld = false
  #isReconciled = false

  constructor(sinks: readonly Sink[], surroundings: DispatcherSurroundings) {
    this.#surroundings = surroundings
    const more = { isHeld: () => this.#isHeld, onDone: (key: string) => this.#forget(key) }
    this.lanes = sinks.map(sink => new Lane(sink, { ...surroundings, ...more }))
  }

  /**
   * Takes up what another process left `downMs` ago, which had these sinks: one that is new hears of what fires, not of what is over. Of
   * what began nobody hears before the first changes are told: by then it is known whether it still is so.
   */
  resume(sinksBefore: readonly string[], downMs: number): void {
    const { ledger } = this.#surroundings
    const names = new Set(this.lanes.map(({ name }) => name))
    for (const entry of ledger.entries()) {
      for (const name of Object.keys(entry.acked)) if (!names.has(name)) delete entry.acked[name]
      for (const { name } of this.lanes)
        if (!sinksBefore.includes(name) && entry.status === 'resolved') entry.acked[name] = entry.revision
    }
    for (const lane of this.lanes) lane.resume(ledger.entries(), downMs)
    for (const { key } of [...ledger.entries()]) this.#forget(key)
  }

  /** Enters what changed. No sink is called before it is told. */
  *note(changes: readonly Change[]): Slices<Noted> {
    this.#isHeld = true
    const { ledger, now } = this.#surroundings
    const nowMs = now()
    const entries = new Set<LedgerEntry>()
    const announcements: { readonly type: Change['type']; readonly alert: Alert }[] = []
    for (const change of changes) {
      const entry = ledger.apply(change, nowMs)
      entries.add(entry)
      const alert = alertOf(entry, change.type === 'updated' ? 'update' : 'transition')
      if (announcements.push({ type: change.type, alert }) % itemsInSlice === 0) yield
    }
    return { entries: [...entries], announcements }
  }

  /** Sends what was noted; the first time, also what another process left. */
  tell({ entries }: Noted): void {
    this.#isHeld = false
    const { ledger } = this.#surroundings
    if (!this.#isReconciled) {
      this.#isReconciled = true
      const changed = new Set(entries)
      const others = [...ledger.entries()].filter(entry => !changed.has(entry))
      for (const lane of this.lanes) lane.reconciled(others)
    }
    for (const lane of this.lanes) lane.changed(entries)
  }

  /** Sends what is left for so long; what is left then is reported. Then no sink is called any more. */
  async drain(clock: Clock, drainMs: number, isStored: boolean): Promise<void> {
    await within(clock, drainMs, Promise.all(this.lanes.map(lane => lane.drain())).then(noop), noop)
    for (const lane of this.lanes) lane.stop()
    for (const lane of this.lanes) {
      const left = [...this.#surroundings.ledger.entries()].filter(entry => lane.isOutstanding(entry)).length
      if (left > 0) this.#surroundings.onFailed(lane.name, undelivered(lane.name, left, isStored), undefined)
    }
  }

  #forget(key: string): void {
    const { ledger } = this.#surroundings
    const entry = ledger.get(key)
    if (entry && this.lanes.every(lane => lane.isDone(entry))) ledger.remove(key)
  }
}

function noop(): void {}
