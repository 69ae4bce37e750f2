import { failure } from '../wire/failure.js'
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
  /** The horizon of transactions that the last evaluation saw. */
  horizon: string
  answer: Buffer
  rows: Multiset
}

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

  /** Evaluates what may have changed, all at one timestamp and in one state of the tables. */
  async evaluate({ timestamp, tick, wants }: EvaluateRequest): Promise<Evaluated[]> {
    const results: Evaluated[] = []
    const horizon = await this.#horizon()
    for (const want of wants) {
      const view = this.#viewOf(want)
      if (view === undefined) continue
      const { temporal } = view.plan
      if (view.horizon !== horizon || want.rows !== undefined || (tick && temporal)) {
        results.push(await this.#advance(view, want, horizon, timestamp))
      } else if (!temporal) {
        // Nothing was written. (A temporal view that is not due stays where it is: time may have changed it.)
        results.push({ id: want.id, changes: [] })
      }
    }
    return results
  }

  async #advance(view: Held, want: Want, horizon: string, timestamp: number): Promise<Evaluated> {
    const { plan } = view
    const before = want.rows === 'before' ? { rows: converted(view) } : {}
    await this.#database.dress(plan.settings, timestamp)
    const answer = await this.#database.raw(query(`COPY (${plan.sql}\n) TO STDOUT`))
    const after = (): { rows?: LineChange[] } => (want.rows === 'after' ? { rows: converted(view) } : before)
    view.horizon = horizon
    // Most evaluations give what the last one gave: comparing bytes is far cheaper than comparing rows.
    if (answer.equals(view.answer)) return { id: want.id, changes: [], ...after() }
    const copied = readCopyOut(answer)
    if (!copied.ok) {
      // Not kept as the last answer: the next attempt must be compared with the last good rows.
      view.horizon = ''
      return { id: want.id, changes: [], failure: copied.failure }
    }
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

  #viewOf({ id, plan }: Want): Held | undefined {
    const known = this.#views.get(id)
    if (known !== undefined || plan === undefined) return known
    const convert = lineConversion(plan.columns)
    const view: Held = { plan, convert, horizon: '', answer: Buffer.alloc(0), rows: new Map() }
    this.#views.set(id, view)
    return view
  }

  /**
   * The first transaction that has not begun: it moves with every transaction that wrote anything, however it wrote
   * it, and with nothing else. (Statistics counters lag, and triggers miss what they are not installed on.)
   * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
   */
  async #horizon(): Promise<string> {
    return (await this.#database.value('SELECT pg_snapshot_xmax(pg_current_snapshot())')) ?? ''
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
