import { readDataRow, readFailure, statusIn } from '../wire/backend.js'
import type { Failure } from '../wire/failure.js'
import { framesOf } from '../wire/frames.js'
import { query } from '../wire/frontend.js'
import type { Setting } from '../wire/settings.js'
import { ownSettings, settingName } from '../wire/settings.js'
import type { Batch, BatchResult } from './backend.js'
import type { Protocol } from './protocol.js'

/** What a statement gave: its rows as text, or why not. */
export type Rows =
  | { readonly ok: true; readonly rows: readonly (readonly (string | null)[])[] }
  | { readonly ok: false; readonly failure: Failure }

/** Commands after which the session's settings may be others. */
const settingCommands: ReadonlySet<string> = new Set([
  'SET',
  'RESET',
  'DISCARD ALL',
  'ROLLBACK',
  'DO',
  'CALL',
])

/** Takes back everything that a session was told, role included: RESET ALL spares it. */
const resetAll = 'RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL'

/** What the engine itself sets. */
const unkept: ReadonlySet<string> = new Set(['mz.now', 'mz.nothing', 'mz.version'])

/** Who uses a session if no client does. */
const engine = 0

/**
 * A session, dressed for whoever uses it: settings are put on when they differ from what is on, or somebody else had it,
 * who may have set what nobody noticed. They are read back when a batch may have changed them.
 */
export class Database {
  #protocol: Protocol
  /** What is on; undefined if that is not known. */
  #applied: readonly Setting[] | undefined = []
  #hasChanged = false
  /** Who had it last. */
  #user: number | undefined

  constructor(protocol: Protocol) {
    this.#protocol = protocol
  }

  /** Runs whole messages and gives the whole answer. Rejects if the database has stopped answering. */
  raw(messages: Uint8Array): Promise<Buffer> {
    return this.#protocol.exchange(messages)
  }

  /** Goes on in a session that is new: nothing is put on yet. */
  moveTo(protocol: Protocol): void {
    this.#protocol = protocol
    this.#applied = []
    this.#hasChanged = false
  }

  /** Runs statements; the rows are those of all of them. */
  async rows(sql: string): Promise<Rows> {
    const rows: (string | null)[][] = []
    for (const { type, body } of framesOf(await this.raw(query(sql)))) {
      if (type === 'E') return { ok: false, failure: readFailure(body) }
      if (type === 'D') rows.push(readDataRow(body))
    }
    return { ok: true, rows }
  }

  /** The first value of the first row; undefined if the statement fails or has none. */
  async value(sql: string): Promise<string | undefined> {
    const result = await this.rows(sql)
    return result.ok ? (result.rows[0]?.[0] ?? undefined) : undefined
  }

  /** Dresses the session, and fixes what `mz_now()` says. */
  async dress(settings: readonly Setting[], nowMs: number, user: number = engine): Promise<void> {
    const statements: string[] = []
    if (this.#user !== undefined && user !== this.#user) this.undress()
    this.#user = user
    if (this.#applied === undefined || !sameSettings(settings, this.#applied)) {
      statements.push(resetAll)
      // One statement each: a setting that PostgreSQL does not know fails alone.
      for (const [name, value] of settings) {
        statements.push(`SELECT set_config(${literal(name)}, ${literal(value)}, false)`)
      }
      this.#applied = settings
    }
    statements.push(`SET mz.now = ${literal(String(nowMs))}`)
    await this.raw(Buffer.concat(statements.map(query)))
  }

  /** Forgets what is on: the session took it back. */
  undress(): void {
    this.#applied = undefined
  }

  /** Runs a client's batch in the client's settings. */
  async run(client: number, batch: Batch): Promise<BatchResult> {
    if (batch.nowMs !== undefined) await this.dress(batch.settings, batch.nowMs, client)
    const answer = await this.raw(batch.messages)
    for (const { type, body } of framesOf(answer)) {
      if (type === 'C' && settingCommands.has(body.toString('utf8', 0, body.length - 1)))
        this.#hasChanged = true
    }
    if (batch.readsBack) this.#hasChanged = true
    if (!this.#hasChanged || statusIn(answer) !== 'I') return { answer }
    this.#hasChanged = false
    const after = await this.#readSettings(batch)
    this.#applied = after
    return { answer, settings: after ?? batch.settings }
  }

  async #readSettings({ settings, customNames }: Batch): Promise<readonly Setting[] | undefined> {
    // Settings with a dot in their names are not in pg_settings.
    const names = [...ownSettings.map(settingName), ...customNames, ...settings.map(([name]) => name)]
    const custom = [...new Set(names)].filter(name => name.includes('.') && !unkept.has(name))
    const result = await this.rows(
      `SELECT name, setting FROM pg_settings WHERE source = 'session' UNION ALL
       SELECT name, current_setting(name, true) FROM unnest(ARRAY[${custom.map(literal).join(', ')}]) AS own (name)
       WHERE coalesce(current_setting(name, true), '') <> ''
         AND (name, current_setting(name, true)) <> ('mz.cluster', 'quickstart') ORDER BY 1`,
    )
    if (!result.ok) return undefined
    return result.rows.map(([name, value]): Setting => [name ?? '', value ?? ''])
  }
}

export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function sameSettings(a: readonly Setting[], b: readonly Setting[]): boolean {
  return (
    a === b ||
    (a.length === b.length && a.every(([name, value], i) => name === b[i]?.[0] && value === b[i]?.[1]))
  )
}
