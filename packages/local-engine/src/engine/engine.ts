import { closed, EngineError, reasonOf, sqlFailed } from '../errors.js'
import { Hub } from '../stream/hub.js'
import { Oracle } from '../stream/oracle.js'
import type { Timers } from '../stream/timers.js'
import { Turns } from '../stream/turns.js'
import type { Engine, EngineOptions, Faults } from '../types.js'
import { query } from '../wire/frontend.js'
import { type Statement, statementsOf } from '../wire/statement.js'
import { EngineFaults } from './faults.js'
import { Keeper } from './keeper.js'
import { completeOptions } from './options.js'
import { ownSeats, sharedSeats } from './seats.js'
import { Server } from './server.js'
import { type Services, versionOf } from './services.js'
import { failureOf, isFailure, Session } from './session.js'
import { WorkerBackend } from './worker-backend.js'

const timers: Timers = {
  monotonicMs: () => performance.now(),
  set: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}

/**
 * Starts an engine: seconds the first time on a machine, well under one then.
 * Rejects with `EngineError`: `INVALID_OPTION` before anything happens, `PORT_BUSY`, `START_FAILED`.
 *
 * @example
 * await using engine = await startEngine({ port: 6875 })
 * await engine.execute('CREATE TABLE t (x int); CREATE VIEW v AS SELECT count(*) FROM t')
 * // any client: COPY (SUBSCRIBE v WITH (PROGRESS)) TO STDOUT
 */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const complete = completeOptions(options)
  const { host, generation, cacheDir, dataDir, retain, postgres, onEvent } = complete
  const startedMs = timers.monotonicMs()
  const version = versionOf(generation)
  let running: RunningEngine | undefined
  const about = { generation, version, cacheDir, dataDir, retain, postgres }
  const { backend, ready } = await WorkerBackend.start(about, reason => {
    onEvent({ type: 'died', reason: reasonOf(reason) })
    void running?.close()
  })
  for (const event of ready.events) onEvent(event)
  const turns = new Turns()
  const oracle = new Oracle(complete.nowMs)
  const { historyMs, maxHistoryBytes, maxCopyInBytes, maxTransactionMs } = complete
  const history = { historyMs, maxHistoryBytes }
  const shared = { generation, backend, turns, oracle, timers, onEvent }
  const { databaseName, sessionSettings, serverVersion } = ready
  const hub = new Hub({ ...shared, databaseName, polls: postgres !== undefined, ...history })
  const seats = postgres === undefined ? sharedSeats(backend, turns) : ownSeats(postgres, sessionSettings)
  const services: Services = { ...shared, seats, hub, historyMs, maxCopyInBytes, maxTransactionMs }
  const server = new Server(services, { serverVersion, databaseName })
  try {
    const port = await server.listen(host, complete.port)
    running = new RunningEngine(host, port, services, server, () => backend.stop())
  } catch (thrown) {
    await backend.stop()
    throw thrown
  }
  const startMs = Math.round(timers.monotonicMs() - startedMs)
  onEvent({ type: 'started', url: running.url, cache: ready.cache, startMs })
  return running
}

class RunningEngine implements Engine {
  readonly url: string
  readonly host: string
  readonly port: number
  readonly faults: Faults
  readonly #services: Services
  readonly #server: Server
  readonly #keeper: Keeper
  readonly #stopBackend: () => Promise<void>
  #closing: Promise<void> | undefined

  constructor(
    host: string,
    port: number,
    services: Services,
    server: Server,
    stopBackend: () => Promise<void>,
  ) {
    this.#stopBackend = stopBackend
    this.host = host
    this.port = port
    const address = host.includes(':') ? `[${host}]` : host
    this.url = `postgres://materialize@${address}:${port}/materialize`
    this.#services = services
    this.#server = server
    this.faults = new EngineFaults(services, server)
    this.#keeper = new Keeper(services)
  }

  async execute(sql: string): Promise<void> {
    if (this.#closing !== undefined) throw closed()
    const { generation, historyMs, seats } = this.#services
    const seat = await seats.take(() => {})
    if (isFailure(seat)) throw this.#failed(seat.message, seat.code)
    const session = new Session(this.#services, seat, [])
    try {
      // Before anything runs: what cannot be done as a whole is not begun.
      const script = asScript(statementsOf(sql, { generation, historyMs, shared: seat.shared }))
      const failed = failureOf(await session.submit([query(script)]))
      if (failed !== undefined) throw this.#failed(failed.message, failed.code)
      if (session.status !== 'I') throw sqlFailed('the script leaves a transaction open', '25P01')
    } catch (thrown) {
      // The session was lost, or it ended with the engine.
      throw EngineError.is(thrown) ? thrown : this.#failed(reasonOf(thrown), '08006')
    } finally {
      await session.end([])
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Why a script failed; what is closed has no other reason. */
  #failed(message: string, sqlState: string): EngineError {
    return this.#closing === undefined ? sqlFailed(message, sqlState) : closed()
  }

  async #close(): Promise<void> {
    const { hub, turns, seats } = this.#services
    this.#keeper.stop()
    const served = this.#server.close()
    hub.close()
    turns.close()
    seats.close()
    await Promise.all([served, this.#stopBackend()])
  }
}

/** A script is PostgreSQL's from its first statement to its last. Throws `SQL_FAILED` if it is not. */
function asScript(pieces: readonly Statement[]): string {
  const other = pieces.find(piece => piece.kind !== 'sql')
  if (other?.kind === 'refused') throw sqlFailed(other.failure.message, other.failure.code)
  if (other !== undefined) throw sqlFailed('a script can neither stream nor load from a client', '0A000')
  return pieces.map(piece => (piece.kind === 'sql' ? piece.sql : '')).join('')
}
