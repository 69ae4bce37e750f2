import type { Batch, Update } from '@mzalert/tail-client'
import type { Content, ContentOf } from '../alerts/content.js'
import type { FlappingOptions, SkipReason } from '../types.js'
import { DueQueue } from './due.js'
import { type Change, type Instance, newInstance, type RowEntry, saysTheSame } from './instance.js'
import { itemsInSlice, type Slices } from './work.js'

/** When alerts fire and are resolved; all in milliseconds of frontier time. */
export interface Timing {
  readonly forMs: number
  readonly keepFiringMs: number
  readonly flapping: FlappingOptions | undefined
}

/** What was counted since the start. */
export interface LifecycleCounts {
  readonly skipped: Readonly<Record<SkipReason, number>>
  /** Rows that came back while their alert was kept firing. */
  readonly flaps: number
  /** Alerts whose end is, or was, held back because they began too often. */
  readonly damped: number
}

/** An instance as it is stored between processes; its rows come with the next snapshot. */
export type StoredInstance = Omit<Instance, 'key' | 'rows'>

/**
 * Turns closed batches into alerts that fire and are resolved. It knows no clock: time is the frontier, so that the same updates give the
 * same changes in whatever batches they come, and nothing changes while the stream is disconnected.
 *
 * An alert fires when its row was there from one timestamp to `forMs` later, and is resolved when it was gone for `keepFiringMs`; a row
 * that is there for less is never heard of.
 */
export class Lifecycle<Row> {
  readonly #timing: Timing
  readonly #contentOf: ContentOf<Row>
  readonly #onSkip: (reason: SkipReason) => void
  readonly #instances = new Map<string, Instance>()
  readonly #rows = new Map<string, RowEntry>()
  readonly #skippedRows = new Set<string>()
  /** What rows that are about to come say. */
  readonly #prepared = new Map<string, Content | SkipReason>()
  #waiting: Waiting = newWaiting()
  /** Who is in the queue of the quiet: each once, however often it comes and goes. */
  readonly #remembered = new Set<Instance>()
  readonly #counts = { skipped: { label_failed: 0, invalid_label: 0, no_labels: 0 }, flaps: 0, damped: 0 }
  #frontierMs = 0
  #items = 0

  /** `stored` is what `stored()` gave in another process, and how far that one was. */
  constructor(
    timing: Timing,
    contentOf: ContentOf<Row>,
    onSkip: (reason: SkipReason) => void,
    stored: { readonly instances: readonly StoredInstance[]; readonly frontierMs: number } | undefined,
  ) {
    this.#timing = timing
    this.#contentOf = contentOf
    this.#onSkip = onSkip
    for (const one of stored?.instances ?? []) {
      const instance = { ...one, key: one.content.key, rows: [], firings: [...one.firings] }
      this.#instances.set(instance.key, instance)
    }
    this.#frontierMs = stored?.frontierMs ?? 0
  }

  /** Everything before it is decided; 0 before the first batch. */
  get frontierMs(): number {
    return this.#frontierMs
  }

  get counts(): LifecycleCounts {
    return this.#counts
  }

  /** Label sets that more than one row shares now. */
  get collisions(): number {
    let collisions = 0
    for (const { rows } of this.#instances.values())
      if (rows.filter(({ multiplicity }) => multiplicity > 0).length > 1) collisions++
    return collisions
  }

  instances(): Iterable<Readonly<Instance>> {
    return this.#instances.values()
  }

  /** What is needed to go on in another process. */
  stored(): readonly StoredInstance[] {
    return [...this.#instances.values()]
      .filter(({ phase, firings }) => phase !== 'quiet' || firings.length > 0)
      .map(({ key: _key, rows: _rows, ...kept }) => kept)
  }

  /** Makes the texts of a batch that is to be applied next, which is most of the work. Changes nothing that can be seen. */
  *prepare({ kind, updates }: Batch<Row>): Slices<void> {
    for (const { raw, row } of updates) {
      if (this.#prepared.has(raw) || (kind !== 'snapshot' && this.#rows.has(raw))) continue
      this.#prepared.set(raw, this.#contentOf(row))
      if (this.#isSliceFull()) yield
    }
  }

  /**
   * Applies a closed batch; gives what changed, in order. A batch of kind `snapshot` states the contents: what was known and is not in it
   * went at its time.
   */
  *apply(batch: Batch<Row>): Slices<readonly Change[]> {
    const changes: Change[] = []
    if (batch.kind === 'snapshot') yield* this.#restate(batch, changes)
    else
      for (const updates of byTimestamp(batch.updates)) {
        const atMs = Math.max(this.#frontierMs, Number(updates[0]?.timestamp ?? 0n))
        yield* this.#advance(atMs, changes)
        yield* this.#settleAll(yield* this.#take(updates, atMs), atMs, changes)
      }
    yield* this.#advance(Number(batch.upper), changes)
    this.#prepared.clear()
    return changes
  }

  #isSliceFull(): boolean {
    return ++this.#items % itemsInSlice === 0
  }

  *#restate({ updates, upper }: Batch<Row>, changes: Change[]): Slices<void> {
    let atMs = Number(upper - 1n)
    if (updates.length > 0)
      atMs = updates.reduce((latest, { timestamp }) => Math.max(latest, Number(timestamp)), 0)
    this.#rows.clear()
    this.#skippedRows.clear()
    // Another server, or one restored from a backup, may be behind: nothing can have happened later than now.
    const wentBack = atMs < this.#frontierMs
    for (const instance of this.#instances.values()) {
      instance.rows = []
      instance.sinceMs = Math.min(instance.sinceMs, atMs)
      instance.goneMs = Math.min(instance.goneMs, atMs)
      if (wentBack) instance.firings = []
    }
    this.#frontierMs = Math.min(this.#frontierMs, atMs)
    yield* this.#take(updates, atMs)
    yield* this.#settleAll(this.#instances.values(), atMs, changes)
    this.#queueAgain(atMs)
  }

  /** Those that wait, some of them since before this process or under other options, in their order. */
  #queueAgain(nowMs: number): void {
    this.#waiting = newWaiting()
    this.#remembered.clear()
    const dues: { readonly queue: keyof Waiting; readonly instance: Instance; readonly atMs: number }[] = []
    for (const instance of this.#instances.values()) {
      const { phase, sinceMs, goneMs } = instance
      if (phase === 'pending') dues.push({ queue: 'pending', instance, atMs: sinceMs + this.#timing.forMs })
      if (phase === 'kept') {
        instance.keepMs = this.#keepMs(instance, goneMs)
        dues.push({ queue: this.#keptQueue(instance), instance, atMs: goneMs + instance.keepMs })
      }
      if (phase === 'quiet') this.#forget(instance, nowMs)
    }
    for (const { queue, instance, atMs } of dues.sort((a, b) => a.atMs - b.atMs))
      this.#waiting[queue].add(atMs, instance)
  }

  /** The instances whose rows changed. */
  *#take(updates: readonly Update<Row>[], atMs: number): Slices<ReadonlySet<Instance>> {
    const touched = new Set<Instance>()
    for (const { raw, row, diff } of updates) {
      if (this.#isSliceFull()) yield
      const entry = this.#rows.get(raw) ?? this.#enter(raw, row)
      if (entry === undefined) {
        if (diff < 0) this.#skippedRows.delete(raw)
        continue
      }
      entry.multiplicity += diff
      entry.atMs = atMs
      touched.add(entry.instance)
    }
    return touched
  }

  #enter(raw: string, row: Row): RowEntry | undefined {
    const content = this.#prepared.get(raw) ?? this.#contentOf(row)
    if (typeof content === 'string') {
      if (!this.#skippedRows.has(raw)) {
        this.#skippedRows.add(raw)
        this.#counts.skipped[content]++
        this.#onSkip(content)
      }
      return undefined
    }
    let instance = this.#instances.get(content.key)
    if (instance === undefined) {
      instance = newInstance(content)
      this.#instances.set(content.key, instance)
    }
    const entry = { raw, instance, content, multiplicity: 0, atMs: 0 }
    instance.rows.push(entry)
    this.#rows.set(raw, entry)
    return entry
  }

  *#settleAll(instances: Iterable<Instance>, atMs: number, changes: Change[]): Slices<void> {
    for (const instance of instances) {
      this.#settle(instance, atMs, changes)
      if (this.#isSliceFull()) yield
    }
  }

  /** What the rows of an instance, as they are at `atMs`, mean for it. */
  #settle(instance: Instance, atMs: number, changes: Change[]): void {
    if (instance.rows.some(({ multiplicity }) => multiplicity === 0)) this.#dropGone(instance)
    const shown = speakerOf(instance.rows)
    if (shown === undefined) return this.#gone(instance, atMs)
    const isNews = !saysTheSame(instance.content, shown.content)
    instance.content = shown.content
    if (instance.phase === 'quiet') {
      instance.phase = 'pending'
      instance.sinceMs = atMs
      this.#waiting.pending.add(atMs + this.#timing.forMs, instance)
      return
    }
    if (instance.phase === 'kept') {
      instance.phase = 'firing'
      this.#counts.flaps++
    }
    if (instance.phase === 'firing' && isNews) changes.push(change('updated', instance))
  }

  #gone(instance: Instance, atMs: number): void {
    if (instance.phase === 'pending') instance.phase = 'quiet'
    if (instance.phase === 'firing') {
      instance.phase = 'kept'
      instance.goneMs = atMs
      instance.keepMs = this.#keepMs(instance, atMs)
      const queue = this.#keptQueue(instance)
      if (queue === 'damped') this.#counts.damped++
      this.#waiting[queue].add(atMs + instance.keepMs, instance)
    }
    if (instance.phase === 'quiet') this.#forget(instance, atMs)
  }

  #dropGone(instance: Instance): void {
    for (const { raw, multiplicity } of instance.rows) if (multiplicity === 0) this.#rows.delete(raw)
    instance.rows = instance.rows.filter(({ multiplicity }) => multiplicity !== 0)
  }

  /** What is due before `toMs` happens, in its order. */
  *#advance(toMs: number, changes: Change[]): Slices<void> {
    for (;;) {
      const queue = firstDue(Object.values(this.#waiting))
      const due = queue?.peek()
      if (due === undefined || due.atMs >= toMs) break
      queue?.take()
      if (queue === this.#waiting.quiet) this.#remembered.delete(due.item)
      this.#happen(due.item, due.atMs, changes)
      if (this.#isSliceFull()) yield
    }
    this.#frontierMs = Math.max(this.#frontierMs, toMs)
  }

  /** An entry whose instance has changed its mind since is void. */
  #happen(instance: Instance, atMs: number, changes: Change[]): void {
    const { forMs, flapping } = this.#timing
    if (instance.phase === 'pending' && instance.sinceMs + forMs === atMs) {
      instance.phase = 'firing'
      instance.startsAtMs = instance.content.startsAtMs ?? atMs
      if (flapping) instance.firings = [...instance.firings.filter(at => at > atMs - flapping.withinMs), atMs]
      changes.push(change('firing', instance))
    } else if (instance.phase === 'kept' && instance.goneMs + instance.keepMs === atMs) {
      instance.phase = 'quiet'
      changes.push(change('resolved', instance, Math.max(instance.startsAtMs, atMs)))
      this.#forget(instance, atMs)
    } else if (instance.phase === 'quiet') this.#forget(instance, atMs)
  }

  /** How long the row must be gone, from `atMs` on. */
  #keepMs({ firings }: Instance, atMs: number): number {
    const { keepFiringMs, flapping } = this.#timing
    if (flapping === undefined) return keepFiringMs
    const recent = firings.filter(at => at > atMs - flapping.withinMs).length
    return recent >= flapping.firings ? Math.max(keepFiringMs, flapping.withinMs) : keepFiringMs
  }

  #keptQueue({ keepMs }: Instance): 'kept' | 'damped' {
    return keepMs > this.#timing.keepFiringMs ? 'damped' : 'kept'
  }

  /** What is quiet is remembered only as long as damping has to know of it. */
  #forget(instance: Instance, atMs: number): void {
    const { flapping } = this.#timing
    if (instance.rows.length > 0) return
    if (flapping && instance.firings.some(at => at > atMs - flapping.withinMs)) {
      if (!this.#remembered.has(instance)) this.#waiting.quiet.add(atMs + flapping.withinMs, instance)
      this.#remembered.add(instance)
      return
    }
    if (this.#instances.get(instance.key) === instance) this.#instances.delete(instance.key)
  }
}

/** Who waits, by what for: all of a queue wait equally long. */
interface Waiting {
  readonly pending: DueQueue<Instance>
  readonly kept: DueQueue<Instance>
  readonly damped: DueQueue<Instance>
  readonly quiet: DueQueue<Instance>
}

function newWaiting(): Waiting {
  return { pending: new DueQueue(), kept: new DueQueue(), damped: new DueQueue(), quiet: new DueQueue() }
}

function firstDue(queues: readonly DueQueue<Instance>[]): DueQueue<Instance> | undefined {
  let first: DueQueue<Instance> | undefined
  let atMs = Number.POSITIVE_INFINITY
  for (const queue of queues) {
    const due = queue.peek()
    if (due === undefined || due.atMs >= atMs) continue
    first = queue
    atMs = due.atMs
  }
  return first
}

function change(type: Change['type'], { key, content, startsAtMs }: Instance, endsAtMs?: number): Change {
  return { type, key, content, startsAtMs, endsAtMs }
}

/** The row of the highest rank, or that came last; of those that came together, the one whose text is greatest. Undefined if none is there. */
function speakerOf(rows: readonly RowEntry[]): { readonly content: Content } | undefined {
  let speaker: RowEntry | undefined
  for (const row of rows) if (row.multiplicity > 0 && (!speaker || isBefore(speaker, row))) speaker = row
  return speaker
}

function isBefore(a: RowEntry, b: RowEntry): boolean {
  const [rankOfA, rankOfB] = [a, b].map(({ content }) => content.rank ?? Number.NEGATIVE_INFINITY)
  if (rankOfA !== rankOfB) return Number(rankOfA) < Number(rankOfB)
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.raw < b.raw)
}

function* byTimestamp<Row>(updates: readonly Update<Row>[]): Generator<readonly Update<Row>[]> {
  for (let from = 0; from < updates.length; ) {
    let end = from + 1
    while (end < updates.length && updates[end]?.timestamp === updates[from]?.timestamp) end++
    yield from === 0 && end === updates.length ? updates : updates.slice(from, end)
    from = end
  }
}
