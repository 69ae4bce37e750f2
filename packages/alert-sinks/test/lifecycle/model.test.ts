import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contentOf } from '../../src/alerts/content.js'
import type { Change } from '../../src/lifecycle/instance.js'
import { Lifecycle, type StoredInstance, type Timing } from '../../src/lifecycle/lifecycle.js'
import { apply, batch, type Row, row, update } from '../support/batches.js'

const names = ['A', 'B', 'C']

/** What the view does: at each moment, who is toggled; after some, the process starts anew, and time jumps by so much. */
interface Moment {
  readonly toggled: readonly string[]
  readonly closes: boolean
  readonly restartJumpMs: number | undefined
}

const moments = fc.array(
  fc.record({
    toggled: fc.subarray(names),
    closes: fc.boolean(),
    restartJumpMs: fc.option(fc.integer({ min: -30, max: 60 }), { nil: undefined, freq: 8 }),
  }),
  { minLength: 1, maxLength: 60 },
)

const timing = fc.record({
  forMs: fc.integer({ min: 0, max: 8 }),
  keepFiringMs: fc.integer({ min: 0, max: 8 }),
  flapping: fc.option(
    fc.record({ firings: fc.integer({ min: 1, max: 4 }), withinMs: fc.integer({ min: 1, max: 20 }) }),
    {
      nil: undefined,
    },
  ),
})

/** One alert, looked at in every millisecond: what the words of the documentation say, and nothing else. */
class Model {
  readonly heard: string[] = []
  #phase: 'quiet' | 'pending' | 'firing' | 'kept' = 'quiet'
  #since = 0
  #gone = 0
  #keep = 0
  #startedAt = 0
  #fired: number[] = []
  readonly #name: string
  readonly #timing: Timing

  constructor(name: string, given: Timing) {
    this.#name = name
    this.#timing = given
  }

  /** The clock of the server is at `now`; all that was remembered happened by then, and how often it fired is forgotten if it went back. */
  restart(now: number, wentBack: boolean): void {
    if (wentBack) this.#fired = []
    this.#since = Math.min(this.#since, now)
    this.#gone = Math.min(this.#gone, now)
  }

  look(now: number, isThere: boolean): void {
    const { forMs, keepFiringMs, flapping } = this.#timing
    if (isThere && this.#phase === 'quiet') {
      this.#phase = 'pending'
      this.#since = now
    }
    if (isThere && this.#phase === 'kept') this.#phase = 'firing'
    if (!isThere && this.#phase === 'pending') this.#phase = 'quiet'
    if (!isThere && this.#phase === 'firing') {
      this.#phase = 'kept'
      this.#gone = now
    }
    const recent = this.#fired.filter(at => flapping && at > this.#gone - flapping.withinMs).length
    this.#keep =
      flapping && recent >= flapping.firings ? Math.max(keepFiringMs, flapping.withinMs) : keepFiringMs
    if (this.#phase === 'pending' && now - this.#since >= forMs) {
      this.#phase = 'firing'
      this.#startedAt = this.#since + forMs
      this.#fired.push(this.#startedAt)
      this.heard.push(`${this.#name} firing ${this.#startedAt}`)
    }
    if (this.#phase === 'kept' && now - this.#gone >= this.#keep) {
      this.#phase = 'quiet'
      const endedAt = Math.max(this.#startedAt, this.#gone + this.#keep)
      this.heard.push(`${this.#name} resolved ${this.#startedAt}-${endedAt}`)
    }
  }
}

test('S4: alerts fire and resolve as a look in every millisecond says, for any rows in any batches, across restarts and jumps of the clock', () => {
  fc.assert(
    fc.property(moments, timing, (story, given) => {
      expect(played(story, given)).toEqual(expected(story, given))
    }),
    { numRuns: 1000 },
  )
})

test('S4: the same updates give the same changes, in whatever batches they come', () => {
  fc.assert(
    fc.property(
      moments,
      timing,
      fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
      (story, given, closes) => {
        const still = story.map(moment => ({ ...moment, restartJumpMs: undefined }))
        const other = still.map((moment, at) => ({ ...moment, closes: closes[at] ?? true }))
        expect(played(other, given)).toEqual(played(still, given))
      },
    ),
    { numRuns: 300 },
  )
})

/** Per alert, what the model hears. */
function expected(story: readonly Moment[], given: Timing): Readonly<Record<string, readonly string[]>> {
  const models = new Map(names.map(name => [name, new Model(name, given)]))
  const there = new Set<string>()
  let now = 100
  for (const { toggled, restartJumpMs } of story) {
    const before = now++
    toggle(there, toggled)
    if (restartJumpMs !== undefined) now = Math.max(1, now + restartJumpMs)
    for (const [name, model] of models) {
      if (restartJumpMs !== undefined) model.restart(now, now <= before)
      model.look(now, there.has(name))
    }
  }
  return Object.fromEntries([...models].map(([name, { heard }]) => [name, heard]))
}

/** Per alert, what the lifecycle says; every restart goes through text. */
function played(story: readonly Moment[], given: Timing): Readonly<Record<string, readonly string[]>> {
  const heard: Record<string, string[]> = Object.fromEntries(names.map(name => [name, []]))
  const tell = (changes: readonly Change[]): void => {
    for (const { type, content, startsAtMs, endsAtMs } of changes) {
      const name = content.labels['org'] ?? ''
      heard[name]?.push(`${name} ${type} ${startsAtMs}${endsAtMs === undefined ? '' : `-${endsAtMs}`}`)
    }
  }
  const there = new Set<string>()
  let now = 100
  let alerts = lifecycle(given, undefined)
  tell(apply(alerts, batch('snapshot', [], now + 1)))
  let open: ReturnType<typeof update>[] = []
  const close = (): void => {
    const closed = batch('changes', open, now + 1)
    // Texts may have been made before, or not.
    if (open.length % 2 === 0) for (const _slice of alerts.prepare(closed));
    tell(apply(alerts, closed))
    open = []
  }
  for (const { toggled, closes, restartJumpMs } of story) {
    if (restartJumpMs !== undefined) close()
    now++
    const diffs = toggle(there, toggled)
    if (restartJumpMs !== undefined) {
      now = Math.max(1, now + restartJumpMs)
      const saved = JSON.parse(JSON.stringify({ instances: alerts.stored(), frontierMs: alerts.frontierMs }))
      alerts = lifecycle(given, saved)
      const rows = [...there].map(name => update(row(name), 1, now))
      tell(apply(alerts, batch('snapshot', rows, now + 1)))
    } else {
      open.push(...diffs.map(([name, diff]) => update(row(name), diff, now)))
      if (closes) close()
    }
  }
  close()
  return heard
}

function lifecycle(
  given: Timing,
  saved: { readonly instances: readonly StoredInstance[]; readonly frontierMs: number } | undefined,
): Lifecycle<Row> {
  const of = contentOf<Row>({ name: 'spike', labels: { org: 'org' } }, () => {})
  return new Lifecycle<Row>(given, of, () => {}, saved)
}

function toggle(there: Set<string>, toggled: readonly string[]): readonly (readonly [string, number])[] {
  return toggled.map(name => {
    if (there.delete(name)) return [name, -1]
    there.add(name)
    return [name, 1]
  })
}
