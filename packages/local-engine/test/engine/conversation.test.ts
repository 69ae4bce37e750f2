import { describe, expect, it } from 'vitest'
import type { Channel } from '../../src/engine/channel.js'
import { Conversation } from '../../src/engine/conversation.js'
import type { Seat } from '../../src/engine/seats.js'
import type { Services } from '../../src/engine/services.js'
import type { Backend } from '../../src/evaluate/backend.js'
import { Hub } from '../../src/stream/hub.js'
import { Oracle } from '../../src/stream/oracle.js'
import { Turns } from '../../src/stream/turns.js'
import type { EngineEvent } from '../../src/types.js'
import { commandComplete, message, readyForQuery } from '../../src/wire/backend.js'
import { type Frame, framesOf } from '../../src/wire/frames.js'
import { query, readQuery } from '../../src/wire/frontend.js'
import { errorsOf } from '../support/raw-client.js'
import { until } from '../support/wait.js'

/** Timers that ring only when they are told to. */
class FakeTimers {
  readonly alarms = new Map<() => void, number>()
  nowMs = 0
  monotonicMs = (): number => this.nowMs

  set = (callback: () => void, delayMs: number): (() => void) => {
    this.alarms.set(callback, delayMs)
    return () => {
      this.alarms.delete(callback)
    }
  }

  ring(): void {
    const callbacks = [...this.alarms.keys()]
    this.alarms.clear()
    for (const callback of callbacks) callback()
  }
}

class FakeChannel implements Channel {
  readonly sent: Buffer[] = []
  readonly #incoming: Frame[] = []
  #waiting: ((frame: Frame | undefined) => void) | undefined
  ended = false
  isGone = false
  slow = false
  onDrain: () => void = () => {}
  onHangup: () => void = () => {}

  say(bytes: Buffer): void {
    this.#incoming.push(...framesOf(bytes))
    this.#waiting?.(this.#incoming.shift())
    this.#waiting = undefined
  }

  next(): Promise<Frame | undefined> {
    const frame = this.#incoming.shift()
    if (frame !== undefined || this.ended) return Promise.resolve(frame)
    return new Promise(resolve => {
      this.#waiting = resolve
    })
  }

  async send(...parts: readonly Uint8Array[]): Promise<void> {
    this.sent.push(...parts.map(part => Buffer.from(part)))
    // A client that does not read the answer to what it said.
    if (this.slow && this.sent.length > 1) await until(() => this.ended, 'the end')
  }

  write(bytes: Buffer): boolean {
    this.sent.push(bytes)
    return true
  }

  end(): void {
    this.ended = true
    this.#waiting?.(undefined)
    this.#waiting = undefined
  }

  get frames(): Frame[] {
    return [...framesOf(Buffer.concat(this.sent))]
  }

  /** Waits for so many ReadyForQuery. */
  async ready(count: number): Promise<void> {
    await until(() => this.frames.filter(frame => frame.type === 'Z').length >= count, `${count} answers`)
  }
}

/** A database that knows BEGIN and ROLLBACK, and writes down what it is sent. */
function stage() {
  const ran: string[] = []
  let status: 'I' | 'T' = 'I'
  const backend: Backend = {
    run: async (_client, { messages }) => {
      const answers = [...framesOf(Buffer.from(messages))].map(({ type, body }) => {
        const sql = type === 'Q' ? readQuery(body) : type
        ran.push(sql)
        if (sql === 'too deep') throw new RangeError('Maximum call stack size exceeded')
        if (sql === 'copy t from stdin') return message('G', body => body.int8(0).int16(0))
        if (sql === 'begin') status = 'T'
        if (sql === 'ROLLBACK') status = 'I'
        return Buffer.concat([commandComplete(sql.toUpperCase()), readyForQuery(status)])
      })
      return { answer: Buffer.concat(answers) }
    },
    plan: () => Promise.reject(new Error('not asked for')),
    evaluate: () => Promise.resolve({ views: [], redefined: false }),
    forget: () => Promise.resolve(),
    upkeep: () => Promise.resolve({ more: false, events: [] }),
  }
  const timers = new FakeTimers()
  const events: EngineEvent[] = []
  const turns = new Turns()
  const seat: Seat = {
    shared: true,
    turns,
    run: batch => backend.run(1, batch),
    cancel: () => {},
    close: () => {},
  }
  const shared = {
    generation: 'subscribe' as const,
    backend,
    turns,
    oracle: new Oracle(() => 1000),
    timers,
    onEvent: (event: EngineEvent) => events.push(event),
  }
  const services: Services = {
    ...shared,
    seats: { take: () => Promise.resolve(seat), close: () => {} },
    hub: new Hub({ ...shared, databaseName: 'materialize', polls: false, historyMs: 0, maxHistoryBytes: 0 }),
    historyMs: 0,
    maxCopyInBytes: 1000,
    maxTransactionMs: 60_000,
  }
  const join = (pid: number): { channel: FakeChannel; done: Promise<void> } => {
    const channel = new FakeChannel()
    return { channel, done: new Conversation(pid, channel, services, seat, []).run() }
  }
  return { ran, timers, events, join }
}

describe('a transaction that its client forgets', () => {
  it('is rolled back when its time is over, and the next client goes on', async () => {
    const { ran, timers, events, join } = stage()
    const idler = join(1)
    idler.channel.say(query('begin'))
    await idler.channel.ready(2)
    const other = join(2)
    other.channel.say(query('select 1'))
    await until(() => timers.alarms.size === 1, 'the alarm')
    expect([...timers.alarms.values()]).toEqual([5000])
    expect(ran).toEqual(['begin'])
    timers.ring()
    await idler.done
    await other.channel.ready(2)
    expect(ran).toEqual(['begin', 'ROLLBACK', 'select 1'])
    expect(errorsOf(idler.channel.frames)).toMatchObject([{ severity: 'FATAL', code: '25P03' }])
    expect(events).toEqual([{ type: 'transaction-timed-out', pid: 1 }])
  })

  it('runs nothing more, even if its client had sent more', async () => {
    const { ran, timers, join } = stage()
    const client = join(1)
    client.channel.slow = true
    client.channel.say(Buffer.concat([query('begin'), query('insert')]))
    await until(() => timers.alarms.size === 1, 'the alarm')
    timers.ring()
    await client.done
    expect(ran).toEqual(['begin', 'ROLLBACK'])
  })

  it('is given its time again with every statement', async () => {
    const { timers, join } = stage()
    const client = join(1)
    client.channel.say(query('begin'))
    await until(() => timers.alarms.size === 1, 'the alarm')
    const [first] = timers.alarms.keys()
    client.channel.say(query('select 1'))
    await client.channel.ready(3)
    await until(() => timers.alarms.size === 1 && !timers.alarms.has(first ?? (() => {})), 'another alarm')
    client.channel.end()
    await client.done
    expect(timers.alarms.size).toBe(0)
  })

  it('has no alarm set while no transaction is open', async () => {
    const { timers, join } = stage()
    const client = join(1)
    client.channel.say(query('select 1'))
    await client.channel.ready(2)
    expect(timers.alarms.size).toBe(0)
    client.channel.say(message('X'))
    await client.done
  })
})

describe('a transaction that goes on and on', () => {
  it('L4: is rolled back after its last statement, though it was never idle, and the next client goes on', async () => {
    const { ran, timers, events, join } = stage()
    const busy = join(1)
    busy.channel.say(query('begin'))
    await busy.channel.ready(2)
    const other = join(2)
    other.channel.say(query('other'))
    for (let statements = 1; statements <= 15; statements++) {
      timers.nowMs += 4000
      busy.channel.say(query('select 1'))
      await until(() => ran.length > statements, 'the statement')
    }
    await busy.done
    await other.channel.ready(2)
    expect(ran.slice(-2)).toEqual(['ROLLBACK', 'other'])
    expect(errorsOf(busy.channel.frames)).toMatchObject([{ severity: 'FATAL', code: '25P04' }])
    expect(events).toEqual([{ type: 'transaction-timed-out', pid: 1 }])
  })
})

it('a client that runs into a limit of the program is told, and the next one goes on', async () => {
  const { join } = stage()
  const client = join(1)
  client.channel.say(query('too deep'))
  await client.done
  expect(errorsOf(client.channel.frames)).toMatchObject([
    {
      severity: 'FATAL',
      code: 'XX000',
      message: 'the local engine failed: Maximum call stack size exceeded',
    },
  ])
  expect(client.channel.ended).toBe(true)
  const other = join(2)
  other.channel.say(query('select 1'))
  await other.channel.ready(2)
})

it('a client that says goodbye in the middle of a load is gone, though it keeps the connection open', async () => {
  const { ran, join } = stage()
  const client = join(1)
  client.channel.say(query('copy t from stdin'))
  await until(() => client.channel.frames.some(({ type }) => type === 'G'), 'the CopyInResponse')
  client.channel.say(Buffer.concat([message('X'), query('select 1')]))
  await client.done
  expect(ran).toEqual(['copy t from stdin', 'c'])
})
