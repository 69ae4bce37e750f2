import type { EngineEvent, Retention } from '../types.js'
import type { UpkeepResult } from './backend.js'
import type { Database } from './database.js'

/** Rows deleted in one step: a few milliseconds. */
const sliceRows = 2000
/** Write-ahead log after which a checkpoint is due. */
const checkpointBytes = 8 * 1024 * 1024
/** Dead rows after which a table is vacuumed, at least, and as a share of its live ones. */
const deadRows = 1000
const deadShare = 0.2

type Step = (nowMs: number) => Promise<EngineEvent[]>

/**
 * What PostgreSQL's background processes would do, which PGlite does not have: without it dead rows and the
 * write-ahead log, which is in memory too, grow for ever. One small step a call, so that nobody waits for long.
 */
export class Upkeep {
  readonly #database: Database
  readonly #retain: readonly Retention[]
  readonly #vacuums: boolean
  readonly #reported = new Set<string>()
  #steps: Step[] = []
  #horizon = ''
  #walBytes = 0

  /** Without `vacuums` it only deletes what is old: the database looks after itself. */
  constructor(database: Database, retain: readonly Retention[], { vacuums }: { readonly vacuums: boolean }) {
    this.#database = database
    this.#retain = retain
    this.#vacuums = vacuums
  }

  /** Does the next step. A round begins when there is none left, and is over at once if nothing was written. */
  async step(nowMs: number): Promise<UpkeepResult> {
    if (this.#steps.length === 0) {
      this.#steps = this.#retain.map(each => this.#prune(each))
      if (this.#vacuums) this.#steps.push(() => this.#survey())
    }
    if (this.#steps.length === 0) return { more: false, events: [] }
    // In every step: between two of them the session was a client's, with its search path.
    await this.#database.dress([], nowMs)
    const events = (await this.#steps.shift()?.(nowMs)) ?? []
    return { more: this.#steps.length > 0, events }
  }

  #prune(retention: Retention): Step {
    const { table, timestampMs, forMs } = retention
    const slice: Step = async nowMs => {
      const old = `SELECT ctid FROM ${table} WHERE (${timestampMs}) < ${nowMs - forMs} LIMIT ${sliceRows}`
      const result = await this.#database.rows(
        `WITH gone AS (DELETE FROM ${table} WHERE ctid = ANY (ARRAY(${old})) RETURNING 1) SELECT count(*) FROM gone`,
      )
      if (!result.ok) {
        // The table may not be there yet: models are applied after the start.
        return result.failure.code === '42P01' ? [] : this.#report(table, result.failure.message)
      }
      const rows = Number(result.rows[0]?.[0] ?? 0)
      if (rows === sliceRows) this.#steps.unshift(slice)
      return rows > 0 ? [{ type: 'pruned', table, rows }] : []
    }
    return slice
  }

  /** Looks which tables have many dead rows or have changed much since they were analyzed. */
  async #survey(): Promise<EngineEvent[]> {
    const horizon = (await this.#database.value('SELECT pg_snapshot_xmax(pg_current_snapshot())')) ?? ''
    if (horizon === this.#horizon) return []
    this.#horizon = horizon
    // Counters are flushed at the end of a transaction at the earliest: read them in the next one.
    await this.#database.value('SELECT pg_stat_force_next_flush()')
    const tables = await this.#database.rows(`
      SELECT format('%I.%I', schemaname, relname), n_dead_tup > ${deadRows} + ${deadShare} * n_live_tup
      FROM pg_stat_all_tables
      WHERE n_dead_tup > ${deadRows} + ${deadShare} * n_live_tup
         OR (n_mod_since_analyze > ${deadRows} + ${deadShare} * n_live_tup AND schemaname <> 'pg_toast')`)
    if (!tables.ok) return this.#report('statistics', tables.failure.message)
    for (const [table, dead] of tables.rows) {
      if (table !== null && table !== undefined) this.#steps.push(() => this.#clean(table, dead === 't'))
    }
    this.#steps.push(() => this.#checkpoint())
    return []
  }

  async #clean(table: string, vacuum: boolean): Promise<EngineEvent[]> {
    const verb = vacuum ? (table.startsWith('pg_toast.') ? 'VACUUM' : 'VACUUM (ANALYZE)') : 'ANALYZE'
    const result = await this.#database.rows(`${verb} ${table}`)
    return result.ok ? [] : this.#report(table, result.failure.message)
  }

  async #checkpoint(): Promise<EngineEvent[]> {
    const bytes = Number(await this.#database.value("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"))
    if (bytes - this.#walBytes < checkpointBytes) return []
    this.#walBytes = bytes
    const result = await this.#database.rows('CHECKPOINT')
    return result.ok ? [] : this.#report('checkpoint', result.failure.message)
  }

  /** Once per distinct reason, and never more than a few: the set must not grow for ever. */
  #report(subject: string, reason: string): EngineEvent[] {
    const key = `${subject}: ${reason}`
    if (this.#reported.has(key) || this.#reported.size > 100) return []
    this.#reported.add(key)
    return [{ type: 'upkeep-failed', subject, reason }]
  }
}
