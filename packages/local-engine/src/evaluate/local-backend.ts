import type { Failure } from '../wire/failure.js'
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
import { functionsOf } from './functions.js'
import { PgliteProtocol } from './pglite.js'
import { planOf } from './planner.js'
import { databaseName, prepare } from './prepare.js'
import { Upkeep } from './upkeep.js'

/** PGlite in this thread: its calls hold the thread until they are done, which is why it lives in a worker. */
export class LocalBackend implements Backend {
  readonly #database: Database
  readonly #evaluator: Evaluator
  readonly #upkeep: Upkeep

  private constructor(database: Database, options: BackendOptions) {
    this.#database = database
    this.#evaluator = new Evaluator(database)
    this.#upkeep = new Upkeep(database, options.retain, { vacuums: true })
  }

  static async start(
    options: BackendOptions,
  ): Promise<{ readonly backend: LocalBackend; readonly ready: Ready }> {
    const { pglite, cache, events } = await prepare(options)
    const database = new Database(new PgliteProtocol(pglite))
    const made = await database.rows(functionsOf(options.version))
    if (!made.ok) throw new Error(made.failure.message)
    const serverVersion = (await database.value('SHOW server_version')) ?? ''
    const backend = new LocalBackend(database, options)
    return { backend, ready: { cache, events, serverVersion, databaseName, sessionSettings: [] } }
  }

  run(client: number, batch: Batch): Promise<BatchResult> {
    return this.#database.run(client, batch)
  }

  plan(subject: Subject, settings: readonly Setting[], nowMs: number): Promise<Plan | Failure> {
    return planOf(this.#database, subject, settings, nowMs)
  }

  evaluate(request: EvaluateRequest): Promise<Evaluation> {
    return this.#evaluator.evaluate(request)
  }

  async forget(id: number): Promise<void> {
    this.#evaluator.forget(id)
  }

  upkeep(nowMs: number): Promise<UpkeepResult> {
    return this.#upkeep.step(nowMs)
  }
}
