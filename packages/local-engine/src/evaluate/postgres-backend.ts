import { setTimeout as delay } from 'node:timers/promises'
import { reasonOf } from '../errors.js'
import type { EngineEvent } from '../types.js'
import { type Failure, failure } from '../wire/failure.js'
import type { Setting } from '../wire/settings.js'
import type { Subject } from '../wire/subscription.js'
import type {
  Backend,
  BackendOptions,
  Batch,
  BatchResult,
  EvaluateRequest,
  Evaluation,
  Plan,
  Ready,
  UpkeepResult,
} from './backend.js'
import { Database } from './database.js'
import { Evaluator } from './evaluator.js'
import { countShared, createShared, functionsSchema } from './functions.js'
import { planOf } from './planner.js'
import { PostgresSocket } from './socket.js'
import { Upkeep } from './upkeep.js'

/** How rows are written, and what Materialize's own settings are at first, in every session. */
const everySession: readonly Setting[] = [
  ['TimeZone', 'UTC'],
  ['DateStyle', 'ISO,MDY'],
  ['IntervalStyle', 'postgres'],
  ['bytea_output', 'hex'],
  ['client_encoding', 'UTF8'],
  ['mz.cluster', 'quickstart'],
]

/** Evaluations are short and many; none waits for long for what another session has locked. */
const evaluatingSession: readonly Setting[] = [
  ['statement_timeout', '0'],
  ['lock_timeout', '300ms'],
  ['jit', 'off'],
]

/** `pg_current_snapshot()` is there since this version. */
const oldestVersion = 130_000
const retryMs = 500

/**
 * A PostgreSQL server that others write to as well: what changed is found by looking. When it is gone for a while
 * views stay where they are, and go on with what has changed meanwhile.
 */
export class PostgresBackend implements Backend {
  readonly #database: Database
  readonly #evaluator: Evaluator
  readonly #upkeep: Upkeep
  readonly #connect: () => Promise<PostgresSocket>
  #socket: PostgresSocket
  #triedMs = 0
  #wasLost = false
  #events: EngineEvent[] = []

  private constructor(
    socket: PostgresSocket,
    connect: () => Promise<PostgresSocket>,
    options: BackendOptions,
  ) {
    this.#socket = socket
    this.#connect = connect
    this.#database = new Database(socket)
    this.#evaluator = new Evaluator(this.#database)
    this.#upkeep = new Upkeep(this.#database, options.retain, { vacuums: false })
  }

  static async start(
    url: string,
    options: BackendOptions,
  ): Promise<{ readonly backend: PostgresBackend; readonly ready: Ready }> {
    const about = await survey(url)
    const sessionSettings: Setting[] = [
      ...everySession,
      ['mz.version', options.version],
      ['search_path', about.searchPath],
    ]
    const connect = (): Promise<PostgresSocket> =>
      PostgresSocket.open(url, [...sessionSettings, ...evaluatingSession])
    const backend = new PostgresBackend(await connect(), connect, options)
    const { databaseName, serverVersion } = about
    return { backend, ready: { cache: 'none', events: [], serverVersion, databaseName, sessionSettings } }
  }

  run(client: number, batch: Batch): Promise<BatchResult> {
    return this.#database.run(client, batch)
  }

  plan(subject: Subject, settings: readonly Setting[], nowMs: number): Promise<Plan | Failure> {
    return this.#unlessLost(
      () => planOf(this.#database, subject, settings, nowMs),
      reason => failure('57P03', `the database behind the local engine cannot be reached: ${reason}`),
    )
  }

  evaluate(request: EvaluateRequest): Promise<Evaluation> {
    return this.#unlessLost(
      () => this.#evaluator.evaluate(request),
      (): Evaluation => ({ views: [], redefined: false }),
    )
  }

  async forget(id: number): Promise<void> {
    this.#evaluator.forget(id)
  }

  async upkeep(nowMs: number): Promise<UpkeepResult> {
    const step = await this.#unlessLost(
      () => this.#upkeep.step(nowMs),
      (): UpkeepResult => ({ more: false, events: [] }),
    )
    const events = [...this.#events, ...step.events]
    this.#events = []
    return { more: step.more, events }
  }

  async #unlessLost<T>(use: () => Promise<T>, otherwise: (reason: string) => T): Promise<T> {
    try {
      if (this.#socket.isLost) await this.#reconnect()
      return await use()
    } catch (thrown) {
      if (!this.#socket.isLost) throw thrown
      if (!this.#wasLost) this.#events.push({ type: 'database-lost', reason: reasonOf(thrown) })
      this.#wasLost = true
      return otherwise(reasonOf(thrown))
    }
  }

  /** Tries once, and not more often than it makes sense. */
  async #reconnect(): Promise<void> {
    const waitMs = this.#triedMs + retryMs - performance.now()
    if (waitMs > 0) await delay(waitMs)
    this.#triedMs = performance.now()
    this.#socket = await this.#connect()
    this.#database.moveTo(this.#socket)
    this.#evaluator.distrust()
    if (this.#wasLost) this.#events.push({ type: 'database-recovered' })
    this.#wasLost = false
  }
}

/** Looks what there is, and makes the functions that models use where they are not there yet. */
async function survey(
  url: string,
): Promise<{ readonly searchPath: string; readonly databaseName: string; readonly serverVersion: string }> {
  const socket = await PostgresSocket.open(url, [])
  try {
    const database = new Database(socket)
    const about = await database.rows(`
      SELECT current_setting('server_version_num'), current_setting('server_version'),
        current_setting('search_path'), current_database()`)
    if (!about.ok) throw new Error(about.failure.message)
    const [number, serverVersion, path, databaseName] = about.rows[0] ?? []
    if (Number(number) < oldestVersion) {
      throw new Error(`the server is PostgreSQL ${serverVersion}; it takes 13 or later`)
    }
    if ((await database.value(countShared)) !== 't') {
      const made = await database.rows(createShared)
      if (!made.ok) throw new Error(`schema ${functionsSchema} cannot be made: ${made.failure.message}`)
    }
    // Last, so that a name of the user's own comes first.
    const searchPath = [...(path ? [path] : []), functionsSchema].join(', ')
    return { searchPath, databaseName: databaseName ?? '', serverVersion: serverVersion ?? '' }
  } finally {
    socket.close()
  }
}
