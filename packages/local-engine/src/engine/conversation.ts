import { EngineError, reasonOf } from '../errors.js'
import type { Plan } from '../evaluate/backend.js'
import { streamColumns } from '../evaluate/columns.js'
import { endOf } from '../stream/forms.js'
import type { Ending, Listener } from '../stream/listener.js'
import { type ColumnDescription, errorResponse, readyForQuery } from '../wire/backend.js'
import type { Grammar } from '../wire/dialect.js'
import { canceled, type Failure, failure } from '../wire/failure.js'
import type { Frame } from '../wire/frames.js'
import { query, readQuery, sync } from '../wire/frontend.js'
import type { Setting } from '../wire/settings.js'
import { type Form, type Statement, statementsOf } from '../wire/statement.js'
import type { Subscription } from '../wire/subscription.js'
import { answerParts } from './answers.js'
import type { Channel } from './channel.js'
import { gather, probe } from './copy-in.js'
import { Extended, type Runner } from './extended.js'
import type { Seat } from './seats.js'
import type { Services } from './services.js'
import { failureOf, isFailure, Session } from './session.js'

/** How long a transaction may wait for its client while everyone else waits for it. */
const idleTransactionMs = 5000

const idle = failure('25P03', 'terminating connection due to idle-in-transaction timeout', {
  severity: 'FATAL',
})
const tooLong = failure('25P04', 'terminating connection due to transaction timeout', {
  severity: 'FATAL',
  hint: 'All other clients wait for it. Commit earlier, or start the engine with a greater maxTransactionMs.',
})

/** What one client says and is answered, from ReadyForQuery to the end. */
export class Conversation implements Runner {
  readonly pid: number
  readonly #channel: Channel
  readonly #services: Services
  readonly #isShared: boolean
  readonly #extended: Extended
  readonly session: Session
  #listener: Listener | undefined
  #hasLeft = false
  #hasTimedOut = false

  constructor(pid: number, channel: Channel, services: Services, seat: Seat, settings: readonly Setting[]) {
    this.pid = pid
    this.#channel = channel
    this.#services = services
    this.#isShared = seat.shared
    this.session = new Session(services, seat, settings)
    this.#extended = new Extended(`c${pid}_`, this, this.#grammar)
    channel.onDrain = () => this.#listener?.drained()
    // A statement that was sent is run, as PostgreSQL does; only a stream ends with whoever reads it.
    channel.onHangup = () => this.#listener?.end({ kind: 'gone' })
  }

  /** Answers until the client leaves; then nothing of it is left. Rejects only if the backend is gone. */
  async run(): Promise<void> {
    try {
      await this.ready()
      for (;;) {
        const frame = await this.#next()
        if (frame === undefined) break
        if (frame.type === 'Q') await this.#query(readQuery(frame.body))
        else await this.#extended.take(frame)
      }
    } catch (thrown) {
      if (EngineError.is(thrown)) throw thrown
      // Not the end of the backend, but a limit or a fault of this program: the client is to know what it ran into.
      const why = failure('XX000', `the local engine failed: ${reasonOf(thrown)}`, { severity: 'FATAL' })
      this.#channel.write(errorResponse(why))
    } finally {
      this.#channel.end()
      await this.session.end(this.#extended.closeAll())
    }
  }

  /** Stops the stream, takes the statement out of the line, or cancels what runs, where that is possible. */
  cancel(): void {
    if (this.#listener !== undefined) this.#listener.end({ kind: 'failed', failure: canceled })
    else this.session.cancel()
  }

  send(...parts: readonly Uint8Array[]): Promise<void> {
    return this.#inTime(() => this.#channel.send(...parts))
  }

  ready(): Promise<void> {
    return this.send(readyForQuery(this.session.status))
  }

  async refuse(why: Failure): Promise<false> {
    await this.send(errorResponse(why))
    await this.session.fail()
    return false
  }

  /** The columns that a subscription would have. */
  async describe(subscription: Subscription): Promise<readonly ColumnDescription[] | Failure> {
    const plan = await this.session.outside(this.#keyword, async () => {
      const value = await this.session.plan(subscription.subject)
      return { value, failed: false }
    })
    return isFailure(plan) ? plan : streamColumns(plan.columns, subscription.progress)
  }

  /** Streams until it ends. False if it failed. */
  async stream(subscription: Subscription, form: Form): Promise<boolean> {
    const ending = await this.session.outside(this.#keyword, async () => {
      const value = await this.#listen(subscription, form)
      return { value, failed: value.kind !== 'complete' }
    })
    if (isFailure(ending)) return this.refuse(ending)
    if (ending.kind === 'complete') await this.send(...endOf(form, ending.rows))
    // A transaction that it stood in has failed already.
    else if (ending.kind === 'failed') await this.send(errorResponse(ending.failure))
    return ending.kind === 'complete'
  }

  /** Loads what the client sends. False if it failed. */
  async copyIn(sql: string, binary: boolean): Promise<boolean> {
    await this.session.finishExtended()
    const tried = await this.session.submit(probe(sql, binary))
    if (isFailure(tried)) return this.refuse(tried)
    const { opening } = answerParts(tried)
    if (opening === undefined) return this.#forward(tried)
    await this.send(opening)
    const gathered = await gather(sql, this.#services.maxCopyInBytes, () => this.#next())
    if (gathered.kind === 'gone') return false
    if (gathered.kind === 'failed') return this.refuse(gathered.failure)
    const answer = await this.session.submit(gathered.messages)
    return isFailure(answer) ? this.refuse(answer) : this.#forward(answer)
  }

  /** What DISCARD ALL does beside the settings: the statements of the protocol are gone too. */
  async discard(): Promise<void> {
    const closing = this.#extended.closeAll()
    if (closing.length > 0) await this.session.submit([...closing, sync])
  }

  get #grammar(): Grammar {
    const { generation, historyMs } = this.#services
    return { generation, historyMs, shared: this.#isShared }
  }

  get #keyword(): string {
    return this.#services.generation.toUpperCase()
  }

  async #query(sql: string): Promise<void> {
    this.#extended.forgetPortals()
    for (const piece of statementsOf(sql, this.#grammar)) if (!(await this.#answer(piece))) break
    await this.ready()
  }

  async #answer(piece: Statement): Promise<boolean> {
    switch (piece.kind) {
      case 'refused':
        return this.refuse(piece.failure)
      case 'copy-in':
        return this.copyIn(piece.sql, piece.binary)
      case 'subscribe':
        return this.stream(piece.subscription, piece.form)
      case 'sql': {
        const answer = await this.session.submit([query(piece.sql)])
        if (isFailure(answer)) return this.refuse(answer)
        const done = await this.#forward(answer, piece.tags)
        if (done && piece.discards) await this.discard()
        return done
      }
    }
  }

  /** Passes on an answer without its CopyInResponse and ReadyForQuery. False if it holds an error. */
  async #forward(answer: Buffer, tags: readonly (string | undefined)[] = []): Promise<boolean> {
    await this.send(...answerParts(answer, { tags }).parts)
    return failureOf(answer) === undefined
  }

  async #listen(subscription: Subscription, form: Form): Promise<Ending> {
    const plan: Plan | Failure = await this.session.plan(subscription.subject)
    if (isFailure(plan)) return { kind: 'failed', failure: plan }
    // Who left while it was planned cannot leave again: nobody would ever end the stream.
    if (this.#channel.isGone) return { kind: 'gone' }
    return new Promise(resolve => {
      const opened = this.#services.hub.open(plan, subscription, form, this.#channel, ending => {
        this.#listener = undefined
        resolve(ending)
      })
      if (opened !== undefined && isFailure(opened)) resolve({ kind: 'failed', failure: opened })
      else this.#listener = opened
    })
  }

  /** The next message; none after the client's goodbye or when its time was over, even if it had sent more. */
  async #next(): Promise<Frame | undefined> {
    if (this.#hasLeft) return undefined
    const frame = await this.#inTime(() => this.#channel.next())
    this.#hasLeft = frame?.type === 'X'
    return this.#hasLeft || this.#hasTimedOut ? undefined : frame
  }

  /** Waits for the client, to speak or to read; not for ever while the others wait for its transaction. */
  async #inTime<T>(wait: () => Promise<T>): Promise<T> {
    if (!this.session.holds) return wait()
    const { timers, maxTransactionMs } = this.#services
    const leftMs = maxTransactionMs - this.session.heldMs
    if (leftMs <= 0) this.#timeOut(tooLong)
    const [delayMs, why] = leftMs < idleTransactionMs ? [leftMs, tooLong] : [idleTransactionMs, idle]
    const clear = timers.set(() => this.#timeOut(why), delayMs)
    try {
      return await wait()
    } finally {
      clear()
    }
  }

  #timeOut(why: Failure): void {
    if (this.#hasTimedOut) return
    this.#hasTimedOut = true
    this.#services.onEvent({ type: 'transaction-timed-out', pid: this.pid })
    this.#channel.write(errorResponse(why))
    // The loop sees the end, rolls back and lets the others go on.
    this.#channel.end()
  }
}
