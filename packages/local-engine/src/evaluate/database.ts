import { errorResponse, readDataRow, readFailure, statusIn } from '../wire/backend.js'
import { ByteWriter } from '../wire/bytes.js'
import { type Failure, failure } from '../wire/failure.js'
import { framesOf } from '../wire/frames.js'
import { query } from '../wire/frontend.js'
import type { Setting } from '../wire/settings.js'
import { ownSettings } from '../wire/settings.js'
import type { Batch, BatchResult } from './backend.js'

/** What the database needs of PGlite. Only the streaming call: mixed with the other raw one it loses answers. */
export interface RawProtocol {
  execProtocolRawStream(
    message: Uint8Array,
    options: { readonly syncToFs: boolean; readonly onRawData: (data: Uint8Array) => void },
  ): Promise<void>
}

/** What a statement gave: its rows as text, or why not. */
export type Rows =
  | { readonly ok: true; readonly rows: readonly (readonly (string | null)[])[] }
  | { readonly ok: false; readonly failure: Failure }

/** Commands after which the session's settings may be others. */
const settingCommands: ReadonlySet<string> = new Set(['SET', 'RESET', 'DISCARD ALL', 'ROLLBACK'])

/**
 * The one session, dressed for whoever uses it: settings are put on when they differ from what is on,
 * and read back when a batch may have changed them.
 */
export class Database {
  readonly #protocol: RawProtocol
  #applied: readonly Setting[] = []
  #changed = false

  constructor(protocol: RawProtocol) {
    this.#protocol = protocol
  }

  /** Runs whole messages and gives the whole answer. Rejects if the database has stopped answering. */
  async raw(messages: Uint8Array): Promise<Buffer> {
    const answer = await this.#exchange(messages)
    return isSilent(messages, answer) ? this.#recover(answer) : answer
  }

  /**
   * A statement that PostgreSQL's own limits do not stop may trap the machine that it runs on; PGlite then goes on as
   * if nothing were to say. That is an error to the client, and the end if nothing else works either.
   */
  async #recover(answer: Buffer): Promise<Buffer> {
    const probed = await this.#exchange(query('SHOW server_version'))
    if (isSilent(query(''), probed)) throw new Error('the database does not answer any more')
    const message =
      'the statement was too much for the engine: it is nested too deeply, or its data is too large'
    return Buffer.concat([errorResponse(failure('54001', message)), answer])
  }

  async #exchange(messages: Uint8Array): Promise<Buffer> {
    const answer = new ByteWriter(8192)
    await this.#protocol.execProtocolRawStream(messages, {
      syncToFs: false,
      // The data is a view into the database's memory: it must be copied now.
      onRawData: data => {
        answer.bytes(data)
      },
    })
    return answer.take()
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
  async dress(settings: readonly Setting[], nowMs: number): Promise<void> {
    const statements: string[] = []
    if (!sameSettings(settings, this.#applied)) {
      statements.push('RESET ALL')
      // One statement each: a setting that PostgreSQL does not know fails alone.
      for (const [name, value] of settings) {
        statements.push(`SELECT set_config(${literal(name)}, ${literal(value)}, false)`)
      }
      this.#applied = settings
    }
    statements.push(`SET mz.now = ${literal(String(nowMs))}`)
    await this.raw(Buffer.concat(statements.map(query)))
  }

  /** Runs a client's batch in the client's settings. */
  async run(batch: Batch): Promise<BatchResult> {
    if (batch.nowMs !== undefined) await this.dress(batch.settings, batch.nowMs)
    const answer = await this.raw(batch.messages)
    for (const { type, body } of framesOf(answer)) {
      if (type === 'C' && settingCommands.has(body.toString('utf8', 0, body.length - 1))) this.#changed = true
    }
    // set_config() is a SELECT to the tags; its name is the only trace.
    if (Buffer.from(batch.messages).includes('set_config')) this.#changed = true
    if (!this.#changed || statusIn(answer) !== 'I') return { answer }
    this.#changed = false
    this.#applied = await this.#readSettings()
    return { answer, settings: this.#applied }
  }

  async #readSettings(): Promise<readonly Setting[]> {
    // Settings with a dot in their names are not in pg_settings; of those only our own are kept.
    const own = ownSettings.map(name => literal(`mz.${name}`)).join(', ')
    const result = await this.rows(
      `SELECT name, setting FROM pg_settings WHERE source = 'session' UNION ALL
       SELECT name, current_setting(name, true) FROM unnest(ARRAY[${own}]) AS own (name)
       WHERE coalesce(current_setting(name, true), '') NOT IN ('', 'quickstart') ORDER BY 1`,
    )
    if (!result.ok) return this.#applied
    const settings = result.rows.map(([name, value]): Setting => [name ?? '', value ?? ''])
    return settings.filter(([name]) => name !== 'mz.now')
  }
}

/** Whether messages that have to be answered were not: there is at most a ReadyForQuery. */
function isSilent(messages: Uint8Array, answer: Buffer): boolean {
  const first = String.fromCharCode(messages[0] ?? 0)
  const onlyReady = answer.length === 6 && statusIn(answer) !== undefined
  return 'QPBDEC'.includes(first) && (answer.length === 0 || onlyReady)
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
