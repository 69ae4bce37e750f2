import { reasonOf } from '../errors.js'
import { statusIn } from '../wire/backend.js'
import { type Failure, failure } from '../wire/failure.js'
import { query } from '../wire/frontend.js'
import type { Evaluated, EvaluateRequest, Evaluation, Plan, Want } from './backend.js'
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

/** What an answer says of a view, and what will be held of it. */
interface Compared {
  readonly next: Partial<Pick<Held, 'seen' | 'answer' | 'rows'>>
  readonly result: Evaluated
}

/** What was found of a view. It counts once all of its moment is known. */
interface Found extends Compared {
  readonly view: Held
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
  #visible = ''
  #definitions = ''

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
   * All of it counts or nothing: if the database is lost in the middle it rejects, and every view is where it was.
   */
  async evaluate({ timestamp, tick, wants }: EvaluateRequest): Promise<Evaluation> {
    const visible = await this.#begin()
    if (visible === undefined) {
      // Nothing can be said of this moment: all views stay where they are.
      await this.#database.raw(query('ROLLBACK'))
      return { views: [], redefined: false }
    }
    const definitions = visible === this.#visible ? this.#definitions : await this.#readDefinitions()
    const found: Found[] = []
    for (const want of wants) {
      const view = this.#viewOf(want)
      if (view === undefined) continue
      const { temporal } = want
      if (view.seen !== visible || want.rows !== undefined || (tick && temporal)) {
        found.push(await this.#look(view, want, visible, timestamp))
      } else if (!temporal) {
        // Nothing was written. (A temporal view that is not due stays where it is: time may have changed it.)
        found.push({ view, next: {}, result: { id: want.id, changes: [] } })
      }
    }
    await this.#database.raw(query('COMMIT'))
    for (const { view, next } of found) Object.assign(view, next)
    const redefined = definitions !== this.#definitions
    this.#visible = visible
    this.#definitions = definitions
    return { views: found.map(({ result }) => result), redefined }
  }

  async #look(view: Held, want: Want, visible: string, timestamp: number): Promise<Found> {
    const answer = await this.#copy(view.plan, timestamp)
    const found = unlessUnreadable(() => compare(view, want, answer))
    if (!('severity' in found)) return { view, next: { ...found.next, seen: visible }, result: found.result }
    if (statusIn(answer) === 'E') await this.#recover()
    const waits = passing.has(found.code)
    // What was seen last is still to be compared with.
    const rows = want.rows === undefined ? {} : { rows: converted(view.rows, view.convert) }
    const result = { id: want.id, changes: [], ...rows, failure: found, ...(waits ? { waits } : {}) }
    return { view, next: { seen: '' }, result }
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

  /**
   * Which views and functions of the user's there are, as they are defined: any change makes a row anew, with the
   * number of a transaction that is greater than all before.
   */
  async #readDefinitions(): Promise<string> {
    const [views, functions] = ['pg_rewrite', 'pg_proc'].map(
      catalog =>
        `(SELECT count(*) || ' ' || sum(xmin::text::bigint) FROM pg_catalog.${catalog} WHERE oid >= 16384)`,
    )
    return (await this.#database.value(`SELECT concat(${views}, ' ', ${functions})`)) ?? ''
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

/** What an answer says of a view: its rows, and what has changed since those that are held. */
function compare(view: Held, want: Want, answer: Buffer): Compared | Failure {
  const { plan, convert } = view
  const all = (rows: Multiset): { rows: LineChange[] } => ({ rows: converted(rows, convert) })
  const before = want.rows === 'before' ? all(view.rows) : {}
  // Most evaluations give what the last one gave: comparing bytes is far cheaper than comparing rows.
  if (answer.equals(view.answer)) {
    const after = want.rows === 'after' ? all(view.rows) : {}
    return { next: {}, result: { id: want.id, changes: [], ...before, ...after } }
  }
  const copied = readCopyOut(answer)
  if (!copied.ok) return copied.failure
  if (copied.columns !== plan.columns.length) {
    return failure('0A000', `it has ${copied.columns} columns now, and had ${plan.columns.length}`)
  }
  const rows = countLines(copied.lines())
  const changes = converted(difference(view.rows, rows), convert)
  const after = want.rows === 'after' ? all(rows) : {}
  return { next: { rows, answer }, result: { id: want.id, changes, ...before, ...after } }
}

/** What throws here are the limits of this program, such as a text that is longer than texts can be. */
function unlessUnreadable(read: () => Compared | Failure): Compared | Failure {
  try {
    return read()
  } catch (thrown) {
    return failure('54000', `its rows cannot be read: ${reasonOf(thrown)}`)
  }
}

function converted(changes: Iterable<LineChange>, convert: (line: string) => string): LineChange[] {
  const lines: LineChange[] = []
  for (const [raw, diff] of changes) lines.push([convert(raw), diff])
  return consolidate(lines)
}
