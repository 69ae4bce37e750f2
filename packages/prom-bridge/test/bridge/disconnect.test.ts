import { describe, expect, test } from 'vitest'
import { alertsOf, bench, healthOf, key } from '../support/running.js'
import { alert, batch, until, update } from '../support/source.js'

const t = bench()

describe('a view that is disconnected', () => {
  test('B30: keeps its samples for as long as it is told, and has them again with its connection', async () => {
    const made = t.start([{ onDisconnect: { holdForMs: 60_000 } }])
    t.source.status = { phase: 'live', reconnects: 0 }
    await t.source.snapshot([alert('A')])
    t.source.status = { phase: 'connecting', reconnects: 1 }
    t.pass(59_999)
    expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
    t.pass(1)
    expect(alertsOf(made)).toBeUndefined()
    expect(healthOf(made, 'mzalert_view_up')).toBe(0)
    t.source.status = { phase: 'live', reconnects: 1 }
    await t.source.push(batch('reconciled', [update(alert('B'))]))
    expect(alertsOf(made)).toEqual({ [key('A')]: 1, [key('B')]: 1 })
    expect(healthOf(made, 'mzalert_view_up')).toBe(1)
  })

  test('B30: is also one that is connected and silent for too long; progress is enough to be current', async () => {
    const made = t.start([{ staleAfterMs: 30_000, onDisconnect: { holdForMs: 60_000 } }])
    t.source.status = { phase: 'live', reconnects: 0 }
    await t.source.snapshot([alert('A')])
    t.pass(30_000)
    expect(healthOf(made, 'mzalert_view_up')).toBe(1)
    t.pass(1)
    expect(healthOf(made, 'mzalert_view_up')).toBe(0)
    expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
    t.pass(30_000)
    expect(alertsOf(made)).toBeUndefined()
    await t.source.push(batch('progress', [], 5000))
    expect(healthOf(made, 'mzalert_view_up')).toBe(1)
    expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
  })

  test('B2: a view keeps its samples for ever by default, silent or not, and so does one that ended well', async () => {
    const made = t.start([{ staleAfterMs: 30_000 }])
    await t.source.snapshot([alert('A')])
    t.pass(10 ** 9)
    expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
    expect(healthOf(made, 'mzalert_view_up')).toBe(0)
    t.source.end()
    await until(() => t.events.some(({ type }) => type === 'ended'))
    expect(healthOf(made, 'mzalert_view_up')).toBe(1)
  })

  test.each([-(10 ** 6), 10 ** 6])('B33: is no other one when the clock was set by %i ms', async jump => {
    const made = t.start([{ staleAfterMs: 30_000, onDisconnect: { holdForMs: 60_000 } }])
    t.source.status = { phase: 'live', reconnects: 0 }
    await t.source.snapshot([alert('A')])
    t.nowMs += jump
    expect(healthOf(made, 'mzalert_view_up')).toBe(1)
    t.source.status = { phase: 'waiting', reconnects: 0 }
    expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
    t.pass(60_000)
    expect(alertsOf(made)).toBeUndefined()
  })

  test('B30: is left out at once, if so wished, and is there again with its rows as they are then', async () => {
    const made = t.start([{ onDisconnect: 'drop' }])
    t.source.status = { phase: 'live', reconnects: 0 }
    await t.source.snapshot([alert('A')])
    expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
    t.source.status = { phase: 'waiting', reconnects: 0 }
    expect(alertsOf(made)).toBeUndefined()
    t.source.status = { phase: 'live', reconnects: 1 }
    expect(alertsOf(made)).toBeUndefined()
    await t.source.push(batch('reconciled', [update(alert('A'), -1), update(alert('B'))]))
    expect(alertsOf(made)).toEqual({ [key('B')]: 1 })
  })

  test('B30: is not current again with the connection, only with the first batch that comes then', async () => {
    const made = t.start([{ onDisconnect: { holdForMs: 1 } }])
    t.source.status = { phase: 'live', reconnects: 0 }
    await t.source.snapshot(Array.from({ length: 5000 }, (_, index) => alert(`old ${index}`)))
    t.source.status = { phase: 'waiting', reconnects: 0 }
    t.pass(1)
    expect(alertsOf(made)).toBeUndefined()
    t.source.status = { phase: 'live', reconnects: 1 }
    const gone = Array.from({ length: 5000 }, (_, index) => update(alert(`old ${index}`), -1))
    let isApplied = false
    void t.source.push(batch('reconciled', [...gone, update(alert('new'))])).then(() => {
      isApplied = true
    })
    const seen = new Set<string>()
    const look = (): unknown =>
      seen.add(`${healthOf(made, 'mzalert_view_up')} ${Object.keys(alertsOf(made) ?? {})}`)
    for (look(); !isApplied; look()) await new Promise(resolve => setImmediate(resolve))
    expect([...seen]).toEqual(['0 ', `1 ${key('new')}`])
  })
})

describe('a view whose rows break a policy', () => {
  test('B2: keeps its samples, is not up, says why, and goes on by itself when that is over', async () => {
    const made = t.start([{ collisions: 'error', labels: { organization: 'labels' } }])
    await t.source.snapshot([alert('A')])
    await t.source.changes(update(alert('B')), update(alert('A', 'other')))
    const label = (organization: string): string => `{"organization":"${organization}"}`
    expect(alertsOf(made)).toEqual({ [label('A')]: 1 })
    expect(healthOf(made, 'mzalert_view_up')).toBe(0)
    expect(healthOf(made, 'mzalert_series_collisions')).toBe(1)
    expect(healthOf(made, 'mzalert_unapplied_updates')).toBe(2)
    expect(healthOf(made, 'mzalert_view_frontier_seconds')).toBe(1.001)
    expect(t.events.at(-1)).toMatchObject({ type: 'blocked', error: { code: 'SERIES_COLLISION' } })
    await t.source.changes(update(alert('A'), -1))
    expect(alertsOf(made)).toEqual({ [label('A')]: 1, [label('B')]: 1 })
    expect(healthOf(made, 'mzalert_view_up')).toBe(1)
    expect(healthOf(made, 'mzalert_unapplied_updates')).toBe(0)
    expect(t.events.filter(({ type }) => type.includes('blocked'))).toMatchObject([
      { type: 'blocked' },
      { type: 'unblocked' },
    ])
  })

  test('is not ready if it is so from the start, and is when that is over', async () => {
    const made = t.start([{ maxSeries: 1, overLimit: 'fail' }])
    void t.source.snapshot([alert('A'), alert('B')])
    await expect(made.ready).rejects.toMatchObject({ code: 'SERIES_LIMIT' })
    expect(alertsOf(made)).toBeUndefined()
    await t.source.changes(update(alert('A'), -1))
    expect(alertsOf(made)).toEqual({ [key('B')]: 1 })
    expect(healthOf(made, 'mzalert_view_snapshot_complete')).toBe(1)
    expect(healthOf(made, 'mzalert_alert_transitions_total', undefined, { to: 'firing' })).toBe(0)
  })

  test('B30: is dropped after the time that it is held', async () => {
    const made = t.start([{ maxSeries: 1, overLimit: 'fail', onDisconnect: { holdForMs: 60_000 } }])
    await t.source.snapshot([alert('A')])
    await t.source.changes(update(alert('B')))
    t.pass(30_000)
    await t.source.push(batch('progress', [], 5000))
    expect(alertsOf(made)).toEqual({ [key('A')]: 1 })
    t.pass(30_000)
    expect(alertsOf(made)).toBeUndefined()
  })
})
