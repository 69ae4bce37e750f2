import type { Plan } from '../evaluate/backend.js'
import { Assignments } from '../wire/assignments.js'
import { failureIn, parameterStatus, statusIn, type TransactionStatus } from '../wire/backend.js'
import { asBuffer, joinOwned } from '../wire/bytes.js'
import { canceled, type Failure, failure } from '../wire/failure.js'
import { framesOf } from '../wire/frames.js'
import { query, sync } from '../wire/frontend.js'
import { changesToReport, type Setting } from '../wire/settings.js'
import type { Subject } from '../wire/subscription.js'
import type { Seat } from './seats.js'
import type { Services } from './services.js'

/** Poisons a transaction, as any error of a statement would. */
const nonsense: Buffer = query('mz_local_abort')

/**
 * One client's use of its seat: takes the session when there is something to run, keeps it through transactions
 * and unfinished extended queries, and gives it back after them.
 */
export class Session {
  readonly #services: Services
  readonly #seat: Seat
  #settings: readonly Setting[]
  #status: TransactionStatus = 'I'
  /** Messages were run since the last Sync. */
  #isUnsynced = false
  #lastTag = ''
  /** Since when the others wait for it, on the clock that only goes forward. */
  #heldSinceMs = 0
  readonly #assignments = new Assignments()

  constructor(services: Services, seat: Seat, settings: readonly Setting[]) {
    this.#services = services
    this.#seat = seat
    this.#settings = settings
  }

  get status(): TransactionStatus {
    return this.#status
  }

  get isUnsynced(): boolean {
    return this.#isUnsynced
  }

  /** Whether it keeps the others waiting although nothing of it runs. */
  get holds(): boolean {
    return this.#seat.shared && this.#seat.turns.holds(this)
  }

  /** For how long it has kept them waiting; 0 if it does not. */
  get heldMs(): number {
    return this.holds ? this.#services.timers.monotonicMs() - this.#heldSinceMs : 0
  }

  /** Runs messages in one go. A failure if it was canceled while it waited for its turn. */
  async submit(messages: readonly Uint8Array[]): Promise<Buffer | Failure> {
    const { oracle, hub } = this.#services
    const { turns } = this.#seat
    const isNew = !turns.holds(this)
    if (!(await turns.take(this))) return canceled
    if (isNew) this.#heldSinceMs = this.#services.timers.monotonicMs()
    const inTheMiddle = this.#isUnsynced || this.#status !== 'I'
    const joint = joinOwned(messages)
    this.#assignments.see(joint)
    const result = await this.#seat.run({
      messages: joint,
      readsBack: this.#assignments.isQuiet,
      customNames: this.#assignments.names,
      settings: this.#settings,
      nowMs: inTheMiddle ? undefined : oracle.now(),
    })
    const answer = joined(this.#adopt(result.settings), asBuffer(result.answer))
    const status = statusIn(answer)
    this.#isUnsynced = status === undefined
    this.#status = status ?? this.#status
    this.#lastTag = lastTag(answer)
    if (!this.#isUnsynced && this.#status === 'I') {
      turns.give(this)
      hub.touch()
    }
    return answer
  }

  /** Takes over settings, and gives what is to be said of them: PGlite reports none. */
  #adopt(settings: readonly Setting[] = this.#settings): Buffer[] {
    const before = this.#settings
    this.#settings = settings
    if (before === settings) return []
    const changes = changesToReport(this.#services.generation, before, settings)
    return changes.map(([name, value]) => parameterStatus(name, value))
  }

  /** Ends what extended query messages began, so that other statements can run. */
  async finishExtended(): Promise<void> {
    if (this.#isUnsynced) await this.submit([sync])
  }

  /** After an error that PostgreSQL does not know of: a transaction that is open fails too. */
  async fail(): Promise<void> {
    if (this.#status === 'T') await this.submit(this.#isUnsynced ? [sync, nonsense] : [nonsense])
  }

  /**
   * Runs `body` outside of a transaction. One that has only begun is begun again afterwards, failed if the body says
   * so; one that has done something else cannot hold a stream.
   */
  async outside<T>(
    statement: string,
    body: () => Promise<{ readonly failed: boolean; readonly value: T }>,
  ): Promise<T | Failure> {
    await this.finishExtended()
    if (this.#status === 'E') {
      return failure(
        '25P02',
        'current transaction is aborted, commands ignored until end of transaction block',
      )
    }
    const begun = this.#status === 'T'
    if (begun && this.#lastTag !== 'BEGIN' && this.#lastTag !== 'START TRANSACTION') {
      return failure('25000', `${statement} in transactions must be the only read statement`)
    }
    if (begun) await this.submit([query('ROLLBACK')])
    const { failed, value } = await body()
    if (begun) await this.submit([query('BEGIN'), ...(failed ? [nonsense] : [])])
    return value
  }

  /** Finds out what a subject is, in this client's settings. */
  async plan(subject: Subject): Promise<Plan | Failure> {
    const { turns, backend, oracle } = this.#services
    if (!(await turns.take(this))) return canceled
    try {
      return await backend.plan(subject, this.#settings, oracle.now())
    } finally {
      turns.give(this)
    }
  }

  /** Takes it out of the line, if it waits for its turn; else cancels what runs, where that is possible. */
  cancel(): void {
    if (!this.#services.turns.withdraw(this) && !this.#seat.turns.withdraw(this)) this.#seat.cancel()
  }

  /** Rolls back what is open, runs what tidies up, and lets go. */
  async end(tidying: readonly Uint8Array[]): Promise<void> {
    if (!this.#seat.shared) return this.#seat.close()
    const rollback = this.holds ? [...(this.#isUnsynced ? [sync] : []), query('ROLLBACK')] : []
    const messages = [...rollback, ...(tidying.length > 0 ? [...tidying, sync] : [])]
    if (messages.length > 0) await this.submit(messages)
    this.#seat.turns.give(this)
  }
}

export function isFailure(value: object): value is Failure {
  return 'severity' in value
}

/** The failure of an answer, or of not having got one. */
export function failureOf(answer: Buffer | Failure): Failure | undefined {
  return isFailure(answer) ? answer : failureIn(answer)
}

/** Answers may be many megabytes: they are not copied for nothing. */
function joined(before: readonly Buffer[], answer: Buffer): Buffer {
  return before.length === 0 ? answer : Buffer.concat([...before, answer])
}

function lastTag(answer: Buffer): string {
  let tag = ''
  for (const { type, body } of framesOf(answer))
    if (type === 'C') tag = body.toString('utf8', 0, body.length - 1)
  return tag
}
