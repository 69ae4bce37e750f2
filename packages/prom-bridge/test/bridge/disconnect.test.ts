import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Bridge, bridge } from '../../src/bridge/bridge.js'
import type { BridgeEvent, BridgeOptions, ViewOptions } from '../../src/types.js'
import { samplesOf } from '../support/parse.js'
import { alert, alertLabels, batch, TestSource, until, update } from '../support/source.js'

let source: TestSource
let events: BridgeEvent[]
let nowMs: number
const running: Bridge[] = []

beforeEach(() => {
  source = new TestSource()
  events = []
  nowMs = 2000
})
afterEach(async () => {
  await Promise.all(running.splice(0).map(one => one.close()))
})

function start(views: readonly Partial<ViewOptions>[] = [{}], more: Partial<BridgeOptions> = {}): Bridge {
  const complete = views.map(view => ({ view: 'organization_alert', labels: alertLabels, source, ...view }))
  const made = bridge({ views: complete, now: () => nowMs, onEvent: event => events.push(event), ...more })
  running.push(made)
  return made
}

const key = (organization: string): string =>
  `{"alert_cond":"deployment_spike","organization":"${organization}"}`
const alertsOf = (made: Bridge): Readonly<Record<string, number>> | undefined =>
  samplesOf(made.metrics(), 'organization_alert')
const healthOf = (made: Bridge, name: string, view = 'organization_alert'): number | undefined =>
  samplesOf(made.metrics(), name)?.[`{"view":"${view}"}`]

describe('a view that is disconnected', () => {
  test('keeps its samples for as long as it is told, and has them again with its connection', async () => {
    const made = start([{ onDisconnect: { holdForMs: 60_000 } }])
    source.status = { phase: 'live', reconnects: 0 }
    await source.snapshot([alert('A')])
    source.status = { phase: 'connecting', reconnects: 1 }
    nowMs += 59_999
    expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
    nowMs += 1
    expect(alertsOf(made)).toBeUndefined()
    expect(healthOf(made, 'mzalert_view_up')).toBe(0)
    source.status = { phase: 'live', reconnects: 1 }
    await source.push(batch('reconciled', [update(alert('B'))]))
    expect(alertsOf(made)).toEqual({ [key('A')]: 1, [key('B')]: 1 })
    expect(healthOf(made, 'mzalert_view_up')).toBe(1)
  })

  test('is also one that is connected and silent for too long; progress is enough to be current', async () => {
    const made = start([{ staleAfterMs: 30_000, onDisconnect: { holdForMs: 60_000 } }])
    source.status = { phase: 'live', reconnects: 0 }
    await source.snapshot([alert('A')])
    nowMs += 30_000
    expect(healthOf(made, 'mzalert_view_up')).toBe(1)
    nowMs += 1
    expect(healthOf(made, 'mzalert_view_up')).toBe(0)
    expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
    nowMs += 30_000
    expect(alertsOf(made)).toBeUndefined()
    await source.push(batch('progress', [], 5000))
    expect(healthOf(made, 'mzalert_view_up')).toBe(1)
    expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
  })

  test('B2: a view keeps its samples for ever by default, silent or not, and so does one that ended well', async () => {
    const made = start([{ staleAfterMs: 30_000 }])
    await source.snapshot([alert('A')])
    nowMs += 10 ** 9
    expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
    expect(healthOf(made, 'mzalert_view_up')).toBe(0)
    source.end()
    await until(() => events.some(({ type }) => type === 'ended'))
    expect(healthOf(made, 'mzalert_view_up')).toBe(1)
  })

  test('is current when the clock was set back', async () => {
    const made = start([{ staleAfterMs: 30_000, onDisconnect: { holdForMs: 60_000 } }])
    await source.snapshot([alert('A')])
    nowMs -= 10 ** 6
    expect(healthOf(made, 'mzalert_view_up')).toBe(1)
    expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
  })
})
