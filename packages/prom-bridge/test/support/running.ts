import { afterEach, beforeEach } from 'vitest'
import { type Bridge, bridge } from '../../src/bridge/bridge.js'
import type { BridgeEvent, BridgeOptions, ViewOptions } from '../../src/types.js'
import { samplesOf } from './parse.js'
import { alertLabels, TestSource } from './source.js'

/** Bridges of a test file, over one source and one clock that are new for every test; closed after it. */
export interface Bench {
  source: TestSource
  events: BridgeEvent[]
  /** The clock on the wall; set alone it jumps. */
  nowMs: number
  /** Time goes by, on every clock. */
  pass(ms: number): void
  start(views?: readonly Partial<ViewOptions>[], more?: Partial<BridgeOptions>): Bridge
}

export function bench(): Bench {
  const running: Bridge[] = []
  let elapsedMs = 0
  const made: Bench = {
    source: new TestSource(),
    events: [],
    nowMs: 2000,
    pass(ms) {
      made.nowMs += ms
      elapsedMs += ms
    },
    start(views = [{}], more = {}) {
      const complete = views.map(view => ({
        view: 'organization_alert',
        labels: alertLabels,
        source: made.source,
        ...view,
      }))
      const one = bridge({
        views: complete,
        now: () => made.nowMs,
        elapsed: () => elapsedMs,
        onEvent: event => made.events.push(event),
        ...more,
      })
      running.push(one)
      return one
    },
  }
  beforeEach(() => {
    made.source = new TestSource()
    made.events = []
    made.nowMs = 2000
  })
  afterEach(async () => {
    await Promise.allSettled(running.splice(0).map(one => one.close()))
  })
  return made
}

export const key = (organization: string): string =>
  `{"alert_cond":"deployment_spike","organization":"${organization}"}`

export const alertsOf = (made: Bridge): Readonly<Record<string, number>> | undefined =>
  samplesOf(made.metrics(), 'organization_alert')

/** A sample of ours about a view; `more` are its labels besides `view`. */
export const healthOf = (
  made: Bridge,
  name: string,
  view = 'organization_alert',
  more: Readonly<Record<string, string>> = {},
): number | undefined => {
  const labels = Object.entries({ ...more, view }).sort(([a], [b]) => (a < b ? -1 : 1))
  return samplesOf(made.metrics(), name)?.[JSON.stringify(Object.fromEntries(labels))]
}
