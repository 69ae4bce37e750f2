import fc from 'fast-check'
import { expect, test } from 'vitest'
import { memoryStore } from '../../src/stores/memory.js'
import type { Alert, NotifyOptions, SendContext, StateStore } from '../../src/types.js'
import { type Row, row } from '../support/batches.js'
import { Running } from '../support/running.js'
import { TestSink, unreachable } from '../support/sink.js'
import { settled } from '../support/source.js'

const names = ['A', 'B', 'C', 'D']

type Step =
  /** The view changes. */
  | { readonly do: 'toggle'; readonly names: readonly string[] }
  | { readonly do: 'text'; readonly name: string }
  /** A sink takes its time, or takes alerts and fails to say so. */
  | { readonly do: 'slow' | 'lossy'; readonly sink: 0 | 1; readonly ms: number }
  /** Sinks go down and come back; time passes. */
  | { readonly do: 'down' | 'up'; readonly sink: 0 | 1; readonly retryAfterMs?: number | undefined }
  | { readonly do: 'pass'; readonly ms: number }
  /** The process is killed, or closed; rows change while it is down, and the next one waits for its snapshot. */
  | { readonly do: 'kill' | 'close'; readonly names: readonly string[]; readonly waitMs: number }
  /** A save takes its time, or fails. */
  | { readonly do: 'storeSlow'; readonly ms: number }
  | { readonly do: 'storeDown' | 'storeUp' }
  /** The clock of this machine is set; that of the server leaps ahead. */
  | { readonly do: 'wallJumps' | 'serverJumps'; readonly ms: number }

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('toggle' as const),
        names: fc.subarray(names, { minLength: 1 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('text' as const), name: fc.constantFrom(...names) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom('down' as const, 'up' as const),
        sink: fc.constantFrom(0 as const, 1 as const),
        retryAfterMs: fc.option(fc.integer({ min: 1, max: 5000 }), { nil: undefined }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom('slow' as const, 'lossy' as const),
        sink: fc.constantFrom(0 as const, 1 as const),
        ms: fc.constantFrom(0, 700, 2500),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 3000 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom('kill' as const, 'kill' as const, 'close' as const),
        names: fc.subarray(names),
        waitMs: fc.constantFrom(0, 0, 3000, 30_000),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('storeSlow' as const),
        ms: fc.constantFrom(0, 300, 2500, 2500),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constantFrom('storeDown' as const, 'storeUp' as const) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('wallJumps' as const),
        ms: fc.constantFrom(-3_600_000, -5000, 5000, 3_600_000),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('serverJumps' as const),
        ms: fc.constantFrom(1000, 10_000_000),
      }),
    },
  ),
  { maxLength: 40 },
)

/** An alert's state, as one word that names it. */
function word({ labels, status, startsAtMs, endsAtMs }: Alert): string {
  return `${labels['org']} ${status} ${startsAtMs}${endsAtMs === undefined ? '' : `-${endsAtMs}`}`
}

/** The same of a stored state: one for each alert in it. */
function storedWords(state: string): readonly string[] {
  const { entries, contents } = JSON.parse(state) as {
    readonly entries: readonly (Omit<Alert, 'labels'> & { readonly content: number })[]
    readonly contents: readonly Pick<Alert, 'labels'>[]
  }
  return entries.map(entry => word({ ...entry, labels: contents[entry.content]?.labels ?? {} }))
}

/** One world: a view, two sinks that outlive processes, and the process that runs now. */
class World {
  readonly #disk = memoryStore()
  #savesMs = 0
  #isDiskFull = false
  /** Whether the next process knows everything that this one told: after a failed save it may not. */
  #isStored = true
  #wallMs = 1_000_000
  readonly sinks: readonly [TestSink, TestSink] = [new TestSink('one'), new TestSink('two')]
  readonly downs: [unknown, unknown] = [undefined, undefined]
  readonly takesMs: [number, number] = [0, 0]
  readonly isLossy: [boolean, boolean] = [false, false]
  /** Everything that was decided, in order: what was stored, and what was announced. */
  readonly decided: string[] = []
  /** What was told before the snapshot of the process that told it, though the process before had not told it. */
  readonly tooEarly: string[] = []
  readonly #there = new Map<string, number>()
  readonly #options: Partial<NotifyOptions<Row>>
  #nowMs = 1000
  #running: Running

  constructor(options: Partial<NotifyOptions<Row>>) {
    this.#options = options
    this.#running = this.#start()
  }

  get there(): readonly string[] {
    return [...this.#there.keys()].toSorted()
  }

  #start(): Running {
    let isAlive = true
    const toldBefore = this.sinks.map(({ calls }) => new Set(calls.flat().map(word)))
    let hasSnapshot = false
    this.#onSnapshot = () => {
      hasSnapshot = true
    }
    const store: StateStore = {
      load: this.#disk.load,
      save: async (name, state) => {
        if (this.#savesMs > 0)
          await new Promise<void>(resolve => running.clock.setTimer(resolve, this.#savesMs))
        // What a killed process was about to write is not there.
        if (!isAlive) await new Promise(() => {})
        this.#isStored = !this.#isDiskFull
        if (this.#isDiskFull) throw new Error('disk full')
        await this.#disk.save(name, state)
        for (const each of storedWords(state)) this.#decide(each)
      },
    }
    const sinks = this.sinks.map((sink, at) => ({
      name: sink.name,
      ...(at === 1 ? { resend: { everyMs: 2000, resolvedForMs: 6000, lapsesAfterMs: 5000 } } : {}),
      batchSize: at + 1,
      concurrency: 3 - at,
      send: async (alerts: readonly Alert[], { signal }: SendContext) => {
        const ms = this.takesMs[at] ?? 0
        if (ms > 0) await new Promise<void>(resolve => running.clock.setTimer(resolve, ms))
        // What a killed process was about to send goes nowhere.
        if (!isAlive) await new Promise(() => {})
        signal.throwIfAborted()
        if (this.downs[at] !== undefined) throw this.downs[at]
        sink.calls.push(alerts)
        if (!hasSnapshot)
          for (const each of alerts.filter(({ status }) => status === 'firing').map(word))
            if (!toldBefore[at]?.has(each)) this.tooEarly.push(each)
        if (this.isLossy[at]) throw unreachable()
      },
    }))
    const now = (): number => this.#wallMs + running.clock.nowMs()
    const running = new Running({ store, storeTimeoutMs: 10_000, drainMs: 10, ...this.#options, sinks, now })
    running.notifier.events.on('firing', alert => isAlive && this.#decide(word(alert)))
    running.notifier.events.on('resolved', alert => isAlive && this.#decide(word(alert)))
    this.#kill = () => {
      isAlive = false
    }
    return running
  }

  #kill: () => void = () => {}
  #onSnapshot: () => void = () => {}

  #decide(what: string): void {
    const before = this.decided.filter(each => each[0] === what[0]).at(-1)
    if (before !== what) this.decided.push(what)
  }

  async snapshot(): Promise<void> {
    this.#nowMs += 10
    this.#onSnapshot()
    void this.#running.source.snapshot(
      [...this.#there].map(([name, n]) => row(name, { n })),
      this.#nowMs,
    )
    await settled()
  }

  async step(step: Step): Promise<void> {
    if (step.do === 'toggle') await this.#change(step.names)
    if (step.do === 'text' && this.#there.has(step.name)) await this.#changeText(step.name)
    if (step.do === 'down') this.downs[step.sink] = unreachable(step.retryAfterMs)
    if (step.do === 'up') this.heal(step.sink)
    if (step.do === 'slow') this.takesMs[step.sink] = step.ms
    if (step.do === 'lossy') this.isLossy[step.sink] = step.ms > 0
    if (step.do === 'pass') await this.pass(step.ms)
    if (step.do === 'storeSlow') this.#savesMs = step.ms
    if (step.do === 'storeDown') this.#isDiskFull = true
    if (step.do === 'storeUp') this.#isDiskFull = false
    if (step.do === 'wallJumps') this.#wallMs += step.ms
    if (step.do === 'serverJumps') this.#nowMs += step.ms
    if ((step.do === 'kill' || step.do === 'close') && this.#isStored && !this.#isDiskFull) {
      if (step.do === 'close') await this.#running.close()
      this.#kill()
      this.#wallMs += this.#running.clock.nowMs()
      for (const name of step.names) this.#toggle(name)
      this.#running = this.#start()
      await this.#running.pass(step.waitMs)
      await this.snapshot()
    }
  }

  healStore(): void {
    this.#savesMs = 0
    this.#isDiskFull = false
  }

  heal(sink: 0 | 1): void {
    this.downs[sink] = undefined
    this.takesMs[sink] = 0
    this.isLossy[sink] = false
  }

  async pass(ms: number): Promise<void> {
    this.#nowMs += ms
    void this.#running.source.progress(this.#nowMs)
    await this.#running.pass(ms, 500)
  }

  #toggle(name: string): number {
    if (this.#there.delete(name)) return -1
    this.#there.set(name, 0)
    return 1
  }

  async #change(toggled: readonly string[]): Promise<void> {
    this.#nowMs += 10
    const updates = toggled.map(name => {
      const n = this.#there.get(name) ?? 0
      return [row(name, { n }), this.#toggle(name), this.#nowMs] as [Row, number, number]
    })
    void this.#running.source.changes(...updates)
    await settled()
  }

  async #changeText(name: string): Promise<void> {
    this.#nowMs += 10
    const n = this.#there.get(name) ?? 0
    this.#there.set(name, n + 1)
    void this.#running.source.changes(
      [row(name, { n }), -1, this.#nowMs],
      [row(name, { n: n + 1 }), 1, this.#nowMs],
    )
    await settled()
  }

  close(): Promise<void> {
    return this.#running.close()
  }
}

test('S1: whatever fails and whenever the process is killed, every sink hears of every alert and of its end, in order, and of no other', async () => {
  const options = fc.record({
    forMs: fc.constantFrom(0, 15),
    keepFiringMs: fc.constantFrom(0, 25),
  })
  await fc.assert(
    fc.asyncProperty(steps, options, async (story, given) => {
      const world = new World(given)
      await world.snapshot()
      for (const step of story) await world.step(step)
      world.heal(0)
      world.heal(1)
      world.healStore()
      await world.pass(100_000)
      expect(world.tooEarly).toEqual([])
      const firing = new Set(world.there)
      for (const { calls, name } of world.sinks) {
        const told = calls.flat()
        for (const organization of names) {
          const words = told.filter(({ labels }) => labels['org'] === organization).map(word)
          const decided = world.decided.filter(each => each.startsWith(organization))
          // None is invented.
          expect(decided, name).toEqual(expect.arrayContaining(words))
          // The last thing told is the last thing decided, which is what the view says.
          expect(words.at(-1), `${name}: ${words.join(', ')}`).toBe(decided.at(-1))
          expect(words.at(-1)?.includes('firing') ?? false, name).toBe(firing.has(organization))
          // In order: a state never comes after a later one.
          let at = 0
          for (const each of words) {
            at = decided.indexOf(each, at)
            expect(at, `${name}: ${words.join(', ')} of ${decided.join(', ')}`).toBeGreaterThanOrEqual(0)
          }
        }
      }
      await world.close()
    }),
    { numRuns: 400 },
  )
})

test('S1: where no sink fails, every sink hears of everything, each once', async () => {
  const calm = steps.map(story =>
    story.filter(
      ({ do: what }) => !['down', 'kill', 'slow', 'lossy', 'storeSlow', 'storeDown'].includes(what),
    ),
  )
  await fc.assert(
    fc.asyncProperty(calm, async story => {
      const world = new World({})
      await world.snapshot()
      for (const step of story) await world.step(step)
      await world.close()
      for (const { calls } of world.sinks) {
        const transitions = calls.flat().filter(({ reason }) => reason === 'transition')
        expect(transitions.map(word).toSorted()).toEqual(world.decided.toSorted())
      }
    }),
    { numRuns: 40 },
  )
})
