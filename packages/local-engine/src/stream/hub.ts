import { EngineError, reasonOf } from '../errors.js'
import type { Backend, Evaluated, Plan, Want } from '../evaluate/backend.js'
import type { EngineEvent, Generation } from '../types.js'
import { notice } from '../wire/backend.js'
import { canceled, type Failure, failure } from '../wire/failure.js'
import type { Form } from '../wire/statement.js'
import type { AsOf, Subscription } from '../wire/subscription.js'
import { headOf } from './forms.js'
import { boundsCrossed, type Ending, Listener, type Outlet } from './listener.js'
import type { Oracle } from './oracle.js'
import { delayMs, tickMs } from './pace.js'
import { endOfTime } from './rows.js'
import type { Timers } from './timers.js'
import type { Turns } from './turns.js'
import { View } from './view.js'

export interface HubOptions {
  readonly generation: Generation
  readonly backend: Backend
  /** What the database is called, as it stands before the names of relations. */
  readonly databaseName: string
  /** Others write to the database too, unseen: it has to be looked at all the time. */
  readonly polls: boolean
  readonly turns: Turns
  readonly oracle: Oracle
  readonly timers: Timers
  readonly onEvent: (event: EngineEvent) => void
  /** How long a view that nobody listens to goes on being evaluated, and how far back its changes are kept. */
  readonly historyMs: number
  /** What the changes that are kept may take, of all views together. */
  readonly maxHistoryBytes: number
}

/** Views that are evaluated although nobody listens: a client that asks for ever new queries must not pile them up. */
const maxLeftViews = 16

/**
 * All views that are listened to. One evaluation serves all listeners of a view, and all views that are
 * evaluated together carry the same timestamp and show the same state of the tables.
 */
export class Hub {
  readonly #options: HubOptions
  readonly #views = new Map<string, View>()
  #nextId = 1
  #clear: (() => void) | undefined
  #isRunning = false
  #isUrgent = false
  #isClosed = false
  #lastStartMs = Number.NEGATIVE_INFINITY
  #lastEndMs = Number.NEGATIVE_INFINITY
  #lastTickMs = Number.NEGATIVE_INFINITY

  constructor(options: HubOptions) {
    this.#options = options
  }

  /**
   * Starts a stream; its first rows follow at the next evaluation. A failure if it asks for what is not readable,
   * undefined if it has ended already because it can have no rows.
   */
  open(
    plan: Plan,
    subscription: Subscription,
    form: Form,
    outlet: Outlet,
    onEnd: (ending: Ending) => void,
  ): Listener | Failure | undefined {
    const { generation, oracle, timers } = this.#options
    const { progress, asOf, upTo } = subscription
    const soonest = oracle.last + 1
    let view = this.#views.get(plan.key)
    const lower = plan.constant ? endOfTime : this.#lowerBound(asOf)
    const since = plan.constant ? 0 : (view?.readableSince(soonest) ?? soonest)
    const refused = this.#refusal(subscription, since, lower)
    if (refused !== undefined) return refused
    const head = headOf(form, plan.columns, { progress, generation })
    if (upTo === lower) {
      const bounds = `subscribe as of ${lower} (inclusive) up to the same bound ${lower} (exclusive)`
      outlet.write(Buffer.concat([notice('00000', `${bounds} is guaranteed to be empty`), head]))
      onEnd({ kind: 'complete', rows: 0 })
      return undefined
    }
    view ??= new View(this.#nextId++, plan, this.#options.historyMs)
    view.temporal = plan.temporal
    const opened = view
    const listener = new Listener({
      subscription,
      generation,
      columns: plan.columns.length,
      form,
      head,
      outlet,
      monotonicMs: timers.monotonicMs,
      onEnd: ending => {
        opened.remove(listener)
        if (opened.isEmpty) this.#leave(opened)
        onEnd(ending)
      },
    })
    this.#views.set(plan.key, view)
    view.add(listener, soonest)
    this.#schedule(true)
    return listener
  }

  /** Someone may have written something. */
  touch(): void {
    this.#schedule(true)
  }

  /** Forgets what is kept for those who come back; who listens now is not concerned. */
  forgetHistory(): void {
    for (const view of [...this.#views.values()]) {
      if (view.leftMs !== undefined) this.#drop(view)
    }
  }

  /** Whoever comes from now on can resume nothing of before. Those who listen are about to be disconnected. */
  beginAnew(): void {
    for (const view of this.#views.values()) view.forget(this.#options.oracle.last + 1)
  }

  /** Ends every stream; nothing is evaluated any more. */
  close(): void {
    this.#isClosed = true
    this.#clear?.()
    for (const view of [...this.#views.values()]) view.fail(canceled)
  }

  #lowerBound(asOf: AsOf | undefined): bigint {
    return asOf === undefined || asOf.kind === 'now' ? BigInt(this.#options.oracle.now()) : asOf.timestamp
  }

  #refusal({ asOf, upTo }: Subscription, since: number, lower: bigint): Failure | undefined {
    if (asOf?.kind === 'at' && asOf.timestamp < BigInt(since)) {
      const elements = `Antichain { elements: [${since}] }`
      const inputs = this.#options.generation === 'tail' ? `[${elements}]` : `[(User(1), ${elements})]`
      return failure('XX000', `Timestamp (${asOf.timestamp}) is not valid for all inputs: ${inputs}`)
    }
    if (upTo === undefined || upTo >= lower) return undefined
    return boundsCrossed(lower, upTo)
  }

  /** Nobody listens to it any more. */
  #leave(view: View): void {
    if (this.#isClosed || this.#options.historyMs === 0 || !view.isResumable) return this.#drop(view)
    view.leftMs = this.#options.timers.monotonicMs()
    const left = [...this.#views.values()].filter(each => each.leftMs !== undefined)
    left.sort((a, b) => (a.leftMs ?? 0) - (b.leftMs ?? 0))
    for (const oldest of left.slice(0, Math.max(0, left.length - maxLeftViews))) this.#drop(oldest)
  }

  /** Forgets what nobody came back to, and the oldest changes if all of them take too much. */
  #tidy(): void {
    const { timers, historyMs, maxHistoryBytes } = this.#options
    const views = [...this.#views.values()]
    for (const view of views) {
      if (view.leftMs !== undefined && timers.monotonicMs() - view.leftMs >= historyMs) this.#drop(view)
    }
    const bytes = (): number => views.reduce((sum, view) => sum + view.historyBytes, 0)
    while (bytes() > maxHistoryBytes) {
      views.sort((a, b) => b.historyBytes - a.historyBytes)
      // The heaviest may have to keep what someone waits for.
      if (!views.some(view => view.shed())) break
    }
  }

  #drop(view: View): void {
    const { key } = view.plan
    if (this.#views.get(key) !== view) return
    this.#views.delete(key)
    // If the backend is gone, so is what it would have to forget.
    this.#options.backend.forget(view.id).catch(() => {})
  }

  #schedule(urgent: boolean): void {
    this.#isUrgent ||= urgent
    if (this.#isClosed || this.#isRunning || this.#views.size === 0) return
    this.#clear?.()
    const views = [...this.#views.values()]
    const { polls } = this.#options
    const temporal = polls || views.some(view => view.temporal || view.wanted.length > 0)
    const nowMs = this.#options.timers.monotonicMs()
    const [lastStartMs, lastEndMs] = [this.#lastStartMs, this.#lastEndMs]
    const pace = { nowMs, lastStartMs, lastEndMs, urgent: this.#isUrgent, temporal }
    this.#clear = this.#options.timers.set(() => void this.#pass(), delayMs(pace))
  }

  async #pass(): Promise<void> {
    const { turns, timers } = this.#options
    if (this.#isRunning || this.#isClosed) return
    this.#isRunning = true
    try {
      // While a client has a transaction open its changes are nobody else's: this waits for its end.
      if (!(await turns.take(this))) return
      this.#lastStartMs = timers.monotonicMs()
      this.#isUrgent = false
      await this.#evaluate()
      this.#lastEndMs = timers.monotonicMs()
    } catch (thrown) {
      // If the backend is gone, whoever owns it ends the streams.
      if (EngineError.is(thrown)) this.#isClosed = true
      else this.#giveUp(thrown)
    } finally {
      turns.give(this)
      this.#isRunning = false
      this.#schedule([...this.#views.values()].some(view => view.hasFresh))
    }
  }

  /**
   * A limit or a fault of this program: nobody knows which views have what was found. Their streams end, so that whoever
   * comes back begins anew.
   */
  #giveUp(thrown: unknown): void {
    for (const view of [...this.#views.values()]) {
      this.#drop(view)
      view.fail(failure('XX000', `the local engine failed: ${reasonOf(thrown)}`))
    }
  }

  async #evaluate(): Promise<void> {
    const { backend, oracle, timers, onEvent } = this.#options
    const views = new Map([...this.#views.values()].map(view => [view.id, view] as const))
    const timestamp = oracle.next([...views.values()].flatMap(view => view.wanted))
    const tick = this.#lastStartMs - this.#lastTickMs >= tickMs * 0.9
    if (tick) this.#lastTickMs = this.#lastStartMs
    const wants = new Map([...views].map(([id, view]) => [id, view.want(timestamp)] as const))
    const found = await backend.evaluate({ timestamp, tick, wants: [...wants.values()] })
    const tookMs = timers.monotonicMs() - this.#lastStartMs
    onEvent({ type: 'evaluated', timestamp: BigInt(timestamp), views: views.size, tookMs })
    for (const result of found.views) {
      const view = views.get(result.id)
      const want = wants.get(result.id)
      if (view !== undefined && want !== undefined) this.#apply(view, timestamp, want, result)
    }
    this.#tidy()
    if (found.redefined) await this.#replan()
  }

  /** Who had no `mz_now()` in it may have one now, and the other way round. */
  async #replan(): Promise<void> {
    const { backend, oracle } = this.#options
    for (const view of this.#views.values()) {
      const plan = await backend.plan(view.plan.subject, view.plan.settings, oracle.now())
      // What cannot be planned any more fails when it is evaluated.
      if ('key' in plan) view.temporal = plan.temporal
    }
  }

  #apply(view: View, timestamp: number, want: Want, result: Evaluated): void {
    const { generation, databaseName, onEvent } = this.#options
    const statement = view.plan.name
    const before = view.failure
    const failed = result.failure
    if (failed === undefined) {
      if (before !== undefined)
        onEvent({ type: 'evaluation-recovered', statement, timestamp: BigInt(timestamp) })
      view.apply(timestamp, want, result)
      return
    }
    if (before?.message !== failed.message) {
      const { code: sqlState, message: reason } = failed
      onEvent({ type: 'evaluation-failed', statement, timestamp: BigInt(timestamp), sqlState, reason })
    }
    if (result.waits) view.note(failed)
    else if (generation === 'tail') view.applySilently(timestamp, want, result)
    else {
      view.fail(asSubscribe(failed, databaseName))
      // It has no contents at this time: there is nothing to come back to.
      this.#drop(view)
    }
  }
}

/** How SUBSCRIBE ends when its dataflow fails. A table that is gone was dropped: the statement was planned with it. */
function asSubscribe(failed: Failure, databaseName: string): Failure {
  const gone = failed.code === '42P01' ? /"(.*)"/s.exec(failed.message)?.[1] : undefined
  if (gone === undefined) return failure('XX000', `Evaluation error: ${failed.message}`)
  const name = `${databaseName}.${gone.includes('.') ? gone : `public.${gone}`}`
  return failure('XX000', `subscribe has been terminated because underlying relation "${name}" was dropped`)
}
