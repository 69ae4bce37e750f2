import { type Failure, failure } from '../wire/failure.js'
import { query } from '../wire/frontend.js'
import type { Evaluated, EvaluateRequest, Plan, Want } from './backend.js'
import { lineConversion } from './columns.js'
import { readCopyOut } from './copy-out.js'
import type { Database } from './database.js'
import { consolidate, countLines, difference, type LineChange, type Multiset } from './multiset.js'

/** What is held of one view between evaluations: the last answer, and its rows as PostgreSQL wrote them. */
interface Held {
  readonly plan: Plan
  readonly convert: (line: string) => string
  /** The transactions that the last evaluation saw. */
  seen: string
  answer: Buffer
  rows: Multiset
}

/** Why a view cannot be evaluated now, and soon can: another session locks it, or the server gave this one way, or ends it. */
const passing: ReadonlySet<Failure['code']> = new Set([
  ...['55P03', '40001', '40P01', '57014'],
  ...['57P01', '57P02', '57P03', '57P05', '08006'],
])

/** Keeps the views that are listened to, and says what changed between two evaluations of each. */
export class Evaluator {
  readonly #database: Database
  readonly #views = new Map<number, Held>()

  constructor(database: Database) {
    this.#database = database
  }

  forget(id: number): void {
    this.#views.delete(id)
  }

  /** Trusts nothing of what was seen before: the next evaluation looks at everything. What is held stays. */
  distrust(): void {
    for (const view of this.#views.values()) view.seen = ''
  }

  /**
   * Evaluates what may have changed, all at one timestamp and in one state of the tables, whoever else writes.
   * If the database is lost in the middle, what was found before counts.
   */
  async evaluate({ timestamp, tick, wants }: EvaluateRequest): Promise<Evaluated[]> {
    const results: Evaluated[] = []
    try {
      const visible = await this.#begin()
      if (visible === undefined) {
        // Nothing can be said of this moment: all views stay where they are.
        await this.#database.raw(query('ROLLBACK'))
        return []
      }
      for (const want of wants) {
        const view = this.#viewOf(want)
        if (view === undefined) continue
        const { temporal } = view.plan
        if (view.seen !== visible || want.rows !== undefined || (tick && temporal)) {
          results.push(await this.#advance(view, want, visible, timestamp))
        } else if (!temporal) {
          // Nothing was written. (A temporal view that is not due stays where it is: time may have changed it.)
          results.push({ id: want.id, changes: [] })
        }
      }
      await this.#database.raw(query('COMMIT'))
    } catch (thrown) {
      if (results.length === 0) throw thrown
    }
    return results
  }

  async #advance(view: Held, want: Want, visible: string, timestamp: number): Promise<Evaluated> {
    const { plan } = view
    const before = want.rows === 'before' ? { rows: converted(view) } : {}
    const answer = await this.#copy(plan, timestamp)
    const after = (): { rows?: LineChange[] } => (want.rows === 'after' ? { rows: converted(view) } : before)
    // Most evaluations give what the last one gave: comparing bytes is far cheaper than comparing rows.
    if (answer.equals(view.answer)) {
      view.seen = visible
      return { id: want.id, changes: [], ...after() }
    }
    const copied = readCopyOut(answer)
    if (!copied.ok) {
      // Not kept as the last answer: the next attempt must be compared with the last good rows.
      view.seen = ''
      await this.#recover()
      const waits = passing.has(copied.failure.code)
      return { id: want.id, changes: [], failure: copied.failure, ...(waits ? { waits } : {}) }
    }
    view.seen = visible
    if (copied.columns !== plan.columns.length) {
      const reason = `it has ${copied.columns} columns now, and had ${plan.columns.length}`
      return { id: want.id, changes: [], failure: failure('0A000', reason) }
    }
    const rows = countLines(copied.lines())
    const raw = difference(view.rows, rows)
    view.rows = rows
    view.answer = answer
    return { id: want.id, changes: convert(raw, view.convert), ...after() }
  }

  /**
   * Begins to look at one state of the tables, and gives the transactions that can be seen in it. What they are moves
   * with every transaction that wrote anything, however it wrote it, once it is committed. (Statistics counters lag,
   * and triggers miss what they are not installed on.)
   * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
   */
  async #begin(): Promise<string | undefined> {
    await this.#database.raw(query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'))
    return this.#database.value('SELECT pg_current_snapshot()')
  }

  /** A view's rows. If that fails the others of this moment can still be seen, after `#recover()`. */
  async #copy(plan: Plan, timestamp: number): Promise<Buffer> {
    await this.#database.raw(query('SAVEPOINT mz_local_view'))
    await this.#database.dress(plan.settings, timestamp)
    return this.#database.raw(
      Buffer.concat([query(`COPY (${plan.sql}\n) TO STDOUT`), query('RELEASE mz_local_view')]),
    )
  }

  async #recover(): Promise<void> {
    await this.#database.raw(
      Buffer.concat([query('ROLLBACK TO mz_local_view'), query('RELEASE mz_local_view')]),
    )
    this.#database.undress()
  }

  #viewOf({ id, plan }: Want): Held | undefined {
    const known = this.#views.get(id)
    if (known !== undefined || plan === undefined) return known
    const convert = lineConversion(plan.columns)
    const view: Held = { plan, convert, seen: '', answer: Buffer.alloc(0), rows: new Map() }
    this.#views.set(id, view)
    return view
  }
}

function converted(view: Held): LineChange[] {
  return convert(view.rows, view.convert)
}

function convert(changes: Iterable<LineChange>, line: (line: string) => string): LineChange[] {
  const lines: LineChange[] = []
  for (const [raw, diff] of changes) lines.push([line(raw), diff])
  return consolidate(lines)
}
