import { createHash } from 'node:crypto'
import {
  bindComplete,
  type ColumnDescription,
  closeComplete,
  message,
  noData,
  noParameters,
  parseComplete,
  rowDescription,
} from '../wire/backend.js'
import type { Grammar } from '../wire/dialect.js'
import { type Failure, failure } from '../wire/failure.js'
import type { Frame } from '../wire/frames.js'
import {
  bind,
  flush,
  type Parse,
  parse,
  readBind,
  readExecute,
  readParse,
  readTarget,
  sync,
  target,
} from '../wire/frontend.js'
import { type Form, type Statement, statementsOf } from '../wire/statement.js'
import type { Subscription } from '../wire/subscription.js'
import { answerParts } from './answers.js'
import { failureOf, isFailure, type Session } from './session.js'

/** What the extended protocol needs of the conversation that it is part of. */
export interface Runner {
  readonly session: Session
  send(...parts: readonly Uint8Array[]): Promise<void>
  ready(): Promise<void>
  refuse(why: Failure): Promise<false>
  describe(subscription: Subscription): Promise<readonly ColumnDescription[] | Failure>
  stream(subscription: Subscription, form: Form): Promise<boolean>
  copyIn(sql: string, binary: boolean): Promise<boolean>
  /** Ends all statements that were parsed. */
  discard(): Promise<void>
}

/** A statement that PostgreSQL runs, in what concerns the client beside it. */
type Run = Pick<Statement & { readonly kind: 'sql' }, 'tags' | 'discards'>

/** A statement that PostgreSQL never sees. `columns` is undefined if it returns no rows to Describe. */
interface Own {
  readonly statement: Statement & { readonly kind: 'subscribe' | 'copy-in' }
  readonly columns: readonly ColumnDescription[] | undefined
}

/**
 * Parse, Bind, Describe, Execute, Close, Flush and Sync. Messages for PostgreSQL are collected until Sync and run in
 * one go, so that clients never interleave; their statements get names that no other client's have.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
export class Extended {
  readonly #prefix: string
  readonly #runner: Runner
  readonly #grammar: Grammar
  readonly #own = new Map<string, Own>()
  readonly #portals = new Map<string, Own>()
  /** The names, as PostgreSQL knows them, of the statements that have to be closed at the end. */
  readonly #names = new Set<string>()
  /** What PostgreSQL runs, by statement and by portal; the tags of Materialize for what is executed next. */
  readonly #runs = new Map<string, Run | undefined>()
  readonly #portalRuns = new Map<string, Run | undefined>()
  #executed: (string | undefined)[] = []
  #pending: Buffer[] = []
  #closes: boolean[] = []
  #isSkipping = false

  constructor(prefix: string, runner: Runner, grammar: Grammar) {
    this.#prefix = prefix
    this.#runner = runner
    this.#grammar = grammar
  }

  /** Answers one message; the answer may wait for Sync or Flush. */
  async take(frame: Frame): Promise<void> {
    if (frame.type === 'S') return this.#sync()
    if (this.#isSkipping) return
    switch (frame.type) {
      case 'P':
        return this.#parse(readParse(frame.body))
      case 'B':
        return this.#bind(frame)
      case 'D':
        return this.#describe(frame)
      case 'E':
        return this.#execute(frame)
      case 'C':
        return this.#close(frame)
      case 'H':
        return this.#flush()
      // Copy data after a load has failed belongs to nobody.
      case 'd':
      case 'c':
      case 'f':
        return
      default:
        await this.#fail(failure('0A000', `message type ${JSON.stringify(frame.type)} is not supported`))
    }
  }

  /** A simple query ends all portals of ours, as it ends the unnamed one of PostgreSQL. */
  forgetPortals(): void {
    this.#portals.clear()
  }

  /** What closes this client's statements; none of them is there any more. */
  closeAll(): Buffer[] {
    this.#own.clear()
    this.#portals.clear()
    this.#portalRuns.clear()
    this.#runs.clear()
    const closing = [...this.#names].map(name => target('C', { kind: 'S', name }))
    this.#names.clear()
    return closing
  }

  async #parse(parts: Parse): Promise<void> {
    const pieces = statementsOf(parts.sql, this.#grammar)
    const [piece] = pieces
    if (pieces.length > 1)
      return this.#fail(failure('42601', 'cannot insert multiple commands into a prepared statement'))
    if (piece === undefined || piece.kind === 'sql') {
      const name = this.#nameOf(parts.name)
      this.#own.delete(parts.name)
      // The unnamed statement may be parsed again without being closed; under our name it may not.
      if (parts.name === '' && this.#names.has(name)) this.#pend(target('C', { kind: 'S', name }), true)
      this.#names.add(name)
      this.#runs.set(parts.name, piece)
      return this.#pend(parse({ ...parts, name, sql: piece?.sql ?? parts.sql }))
    }
    if (!(await this.#flushed())) return
    if (piece.kind === 'refused') return this.#fail(piece.failure)
    const described = piece.kind === 'subscribe' ? await this.#runner.describe(piece.subscription) : undefined
    if (described !== undefined && isFailure(described)) return this.#fail(described)
    const columns = piece.kind === 'subscribe' && piece.form === 'rows' ? described : undefined
    this.#own.set(parts.name, { statement: piece, columns })
    await this.#runner.send(parseComplete)
  }

  async #bind(frame: Frame): Promise<void> {
    const parts = readBind(frame.body)
    const own = this.#own.get(parts.statement)
    if (own === undefined) {
      this.#portals.delete(parts.portal)
      this.#portalRuns.set(parts.portal, this.#runs.get(parts.statement))
      return this.#pend(bind({ ...parts, statement: this.#nameOf(parts.statement) }))
    }
    if (!(await this.#flushed())) return
    this.#portals.set(parts.portal, own)
    await this.#runner.send(bindComplete)
  }

  async #describe(frame: Frame): Promise<void> {
    const parts = readTarget(frame.body)
    const own = parts.kind === 'S' ? this.#own.get(parts.name) : this.#portals.get(parts.name)
    if (own === undefined) {
      const name = parts.kind === 'S' ? this.#nameOf(parts.name) : parts.name
      return this.#pend(target('D', { ...parts, name }))
    }
    if (!(await this.#flushed())) return
    const shape = own.columns === undefined ? noData : rowDescription(own.columns)
    await this.#runner.send(...(parts.kind === 'S' ? [noParameters, shape] : [shape]))
  }

  async #execute(frame: Frame): Promise<void> {
    const portal = readExecute(frame.body)
    const own = this.#portals.get(portal)
    if (own === undefined) {
      const run = this.#portalRuns.get(portal)
      this.#executed.push(run?.tags[0])
      this.#pend(message('E', body => body.bytes(frame.body)))
      if (run?.discards && (await this.#flushed())) await this.#runner.discard()
      return
    }
    if (!(await this.#flushed())) return
    const { statement } = own
    if (statement.kind === 'copy-in') {
      this.#isSkipping = !(await this.#runner.copyIn(statement.sql, statement.binary))
    } else if (statement.form !== 'rows') {
      this.#isSkipping = !(await this.#runner.stream(statement.subscription, statement.form))
    } else {
      const name = this.#grammar.generation.toUpperCase()
      const hint = `Use COPY (${name} …) TO STDOUT, or a simple query.`
      const message = `${name} as a prepared statement is not supported by the local engine`
      await this.#fail(failure('0A000', message, { hint }))
    }
  }

  async #close(frame: Frame): Promise<void> {
    const parts = readTarget(frame.body)
    const owned = parts.kind === 'S' ? this.#own.delete(parts.name) : this.#portals.delete(parts.name)
    if (owned) {
      if (await this.#flushed()) await this.#runner.send(closeComplete)
      return
    }
    const name = parts.kind === 'S' ? this.#nameOf(parts.name) : parts.name
    if (parts.kind === 'S') {
      this.#names.delete(name)
      this.#runs.delete(parts.name)
    }
    this.#pend(target('C', { ...parts, name }), false)
  }

  async #flush(): Promise<void> {
    await this.#flushed()
  }

  async #sync(): Promise<void> {
    if (this.#pending.length > 0 || this.#runner.session.isUnsynced) await this.#submit(sync)
    this.#isSkipping = false
    if (this.#runner.session.status === 'I') {
      this.#portals.clear()
      this.#portalRuns.clear()
    }
    await this.#runner.ready()
  }

  /** Runs what is pending, so that what comes next is answered after it. False if it failed. */
  async #flushed(): Promise<boolean> {
    if (this.#pending.length > 0) await this.#submit(flush)
    return !this.#isSkipping
  }

  async #submit(last: Buffer): Promise<void> {
    const messages = [...this.#pending, last]
    const closes = this.#closes
    const tags = this.#executed
    this.#pending = []
    this.#closes = []
    this.#executed = []
    const answer = await this.#runner.session.submit(messages)
    this.#isSkipping = failureOf(answer) !== undefined
    if (isFailure(answer)) await this.#runner.refuse(answer)
    else await this.#runner.send(...answerParts(answer, { tags, closes, prefix: this.#prefix }).parts)
  }

  #pend(bytes: Buffer, addedClose?: boolean): void {
    this.#pending.push(bytes)
    if (addedClose !== undefined) this.#closes.push(addedClose)
  }

  async #fail(why: Failure): Promise<void> {
    if (!(await this.#flushed())) return
    this.#isSkipping = true
    await this.#runner.refuse(why)
  }

  /** PostgreSQL tells statements apart by 63 bytes of their names. */
  #nameOf(name: string): string {
    // The engine's own statements between two of the client's would end the unnamed one.
    if (!this.#grammar.shared) return name === '' ? 'mz_local_unnamed' : name
    const short = name.length <= 40 ? name : createHash('sha256').update(name).digest('hex').slice(0, 40)
    return this.#prefix + short
  }
}
