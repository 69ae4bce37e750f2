import { describe, expect, test, vi } from 'vitest'
import { contentOf } from '../../src/alerts/content.js'
import { DueQueue } from '../../src/lifecycle/due.js'
import type { Change } from '../../src/lifecycle/instance.js'
import { Lifecycle, type StoredInstance, type Timing } from '../../src/lifecycle/lifecycle.js'
import type { SkipReason } from '../../src/types.js'
import { apply, batch, type Row, row, update } from '../support/batches.js'

interface Saved {
  readonly instances: readonly StoredInstance[]
  readonly frontierMs: number
}

function lifecycle(
  timing: Partial<Timing> = {},
  saved?: Saved,
  onSkip: (reason: SkipReason) => void = () => {},
): Lifecycle<Row> {
  const of = contentOf<Row>(
    { name: 'spike', labels: ({ org }) => ({ org }), annotations: { n: ({ n }) => n ?? '-' } },
    () => {},
  )
  return new Lifecycle({ forMs: 0, keepFiringMs: 0, flapping: undefined, ...timing }, of, onSkip, saved)
}

/** What changed, in short: `B firing 1000`, `B resolved 1000-1005`. */
function short(changes: readonly Change[]): readonly string[] {
  return changes.map(({ type, content, startsAtMs, endsAtMs }) => {
    const times = endsAtMs === undefined ? startsAtMs : `${startsAtMs}-${endsAtMs}`
    return `${content.labels['org']} ${type} ${times}`
  })
}

/** As another process would have it. */
function restarted(before: Lifecycle<Row>, timing: Partial<Timing> = {}): Lifecycle<Row> {
  const saved = JSON.parse(
    JSON.stringify({ instances: before.stored(), frontierMs: before.frontierMs }),
  ) as Saved
  return lifecycle(timing, saved)
}

describe('firing and resolved', () => {
  test('a row that appears fires, and resolves when it goes', () => {
    const alerts = lifecycle()
    expect(short(apply(alerts, batch('snapshot', [update(row('A'))])))).toEqual(['A firing 1000'])
    expect(short(apply(alerts, batch('changes', [update(row('B'), 1, 2000)])))).toEqual(['B firing 2000'])
    expect(short(apply(alerts, batch('changes', [update(row('A'), -1, 3000)])))).toEqual([
      'A resolved 1000-3000',
    ])
  })

  test('a row that comes and goes at one timestamp is never heard of', () => {
    const alerts = lifecycle()
    apply(alerts, batch('snapshot'))
    const changes = apply(alerts, batch('changes', [update(row('A'), 1, 2000), update(row('A'), -1, 2000)]))
    expect(changes).toEqual([])
    expect([...alerts.instances()]).toEqual([])
  })

  test('a retraction may come before its addition', () => {
    const alerts = lifecycle()
    apply(alerts, batch('snapshot', [update(row('A', { n: 1 }))]))
    const updates = [
      update(row('A', { n: 1 }), -1, 2000),
      update(row('B'), -1, 2000),
      update(row('A', { n: 2 }), 1, 2000),
    ]
    expect(short(apply(alerts, batch('changes', updates)))).toEqual(['A updated 1000'])
    expect(short(apply(alerts, batch('changes', [update(row('B'), 1, 3000)])))).toEqual([])
    expect(short(apply(alerts, batch('changes', [update(row('B'), 1, 4000)])))).toEqual(['B firing 4000'])
  })

  test('S5: a changed value is the same alert with another text, told once', () => {
    const alerts = lifecycle()
    apply(alerts, batch('snapshot', [update(row('A', { n: 30 }))]))
    const [changed, ...more] = apply(
      alerts,
      batch('changes', [update(row('A', { n: 31 }), 1, 2000), update(row('A', { n: 30 }), -1, 2000)]),
    )
    expect(changed).toMatchObject({
      type: 'updated',
      startsAtMs: 1000,
      content: { annotations: { n: '31' } },
    })
    expect(more).toEqual([])
  })

  test('a row of which there are two is resolved when both are gone', () => {
    const alerts = lifecycle()
    apply(alerts, batch('snapshot', [update(row('A'), 2)]))
    expect(apply(alerts, batch('changes', [update(row('A'), -1, 2000)]))).toEqual([])
    expect(short(apply(alerts, batch('changes', [update(row('A'), -1, 3000)])))).toEqual([
      'A resolved 1000-3000',
    ])
  })

  test('rows with the same labels are one alert, with the text of the one that came last, and counted', () => {
    const alerts = lifecycle()
    apply(alerts, batch('snapshot', [update(row('A', { n: 1 }))]))
    const [later] = apply(alerts, batch('changes', [update(row('A', { n: 2 }), 1, 2000)]))
    expect(later).toMatchObject({ type: 'updated', content: { annotations: { n: '2' } } })
    expect(alerts.collisions).toBe(1)
    const [back] = apply(alerts, batch('changes', [update(row('A', { n: 2 }), -1, 3000)]))
    expect(back).toMatchObject({ type: 'updated', content: { annotations: { n: '1' } } })
    expect(alerts.collisions).toBe(0)
    expect(short(apply(alerts, batch('changes', [update(row('A', { n: 1 }), -1, 4000)])))).toEqual([
      'A resolved 1000-4000',
    ])
  })

  test('S5: of rows with the same labels the one that dedupe says speaks for the alert, whenever it came', () => {
    const alerts = new Lifecycle<Row>(
      { forMs: 0, keepFiringMs: 0, flapping: undefined },
      contentOf(
        { name: 'spike', labels: { org: 'org' }, annotations: { n: '{{ n }}' }, dedupe: 'n' },
        () => {},
      ),
      () => {},
      undefined,
    )
    const texts = (changes: readonly Change[]): readonly string[] =>
      changes.map(({ type, content }) => `${type} ${content.annotations['n']}`)
    const of = (n: number) => row('A', { n })
    expect(texts(apply(alerts, batch('snapshot', [update(of(30)), update(of(5))])))).toEqual(['firing 30'])
    expect(texts(apply(alerts, batch('changes', [update(of(7), 1, 2000)])))).toEqual([])
    expect(texts(apply(alerts, batch('changes', [update(of(30), -1, 3000)])))).toEqual(['updated 7'])
    expect(texts(apply(alerts, batch('changes', [update(of(100), 1, 4000)])))).toEqual(['updated 100'])
    apply(alerts, batch('changes', [update(of(100), -1, 5000), update(of(7), -1, 5000)]))
    expect(texts(apply(alerts, batch('changes', [update(of(5), -1, 6000)])))).toEqual(['resolved 5'])
  })

  test('a row whose labels cannot be made is left out and counted once', () => {
    const heard: string[] = []
    const alerts = new Lifecycle<Row>(
      { forMs: 0, keepFiringMs: 0, flapping: undefined },
      contentOf({ name: 'spike', labels: () => ({ 'a-b': 1 }) }, () => {}),
      reason => heard.push(reason),
      undefined,
    )
    expect(apply(alerts, batch('snapshot', [update(row('A'))]))).toEqual([])
    expect(apply(alerts, batch('changes', [update(row('A'), -1, 2000)]))).toEqual([])
    expect(heard).toEqual(['invalid_label'])
    expect(alerts.counts.skipped.invalid_label).toBe(1)
  })

  test('a source that states its contents anew resolves only what is not there any more', () => {
    const alerts = lifecycle()
    apply(alerts, batch('snapshot', [update(row('A')), update(row('B'))]))
    const again = batch('snapshot', [update(row('B'), 1, 5000), update(row('C'), 1, 5000)])
    expect(short(apply(alerts, again))).toEqual(['C firing 5000', 'A resolved 1000-5000'])
  })
})

describe('for and keepFiring', () => {
  test('S4: a row that is gone before its time is never heard of', () => {
    const alerts = lifecycle({ forMs: 100 })
    apply(alerts, batch('snapshot', [update(row('A'))]))
    expect(apply(alerts, batch('changes', [update(row('A'), -1, 1100)], 5000))).toEqual([])
  })

  test('S4: a row fires when the frontier says that it was there for long enough, not before', () => {
    const alerts = lifecycle({ forMs: 100 })
    expect(apply(alerts, batch('snapshot', [update(row('A'))]))).toEqual([])
    expect(apply(alerts, batch('progress', [], 1100))).toEqual([])
    expect(short(apply(alerts, batch('progress', [], 1101)))).toEqual(['A firing 1100'])
  })

  test('S4: an alert whose row comes back in time goes on, and the flap is counted', () => {
    const alerts = lifecycle({ keepFiringMs: 100 })
    apply(alerts, batch('snapshot', [update(row('A'))]))
    expect(apply(alerts, batch('changes', [update(row('A'), -1, 2000)]))).toEqual([])
    expect(apply(alerts, batch('changes', [update(row('A'), 1, 2100)], 9000))).toEqual([])
    expect(alerts.counts.flaps).toBe(1)
    expect(apply(alerts, batch('changes', [update(row('A'), -1, 9000)]))).toEqual([])
    expect(short(apply(alerts, batch('progress', [], 9101)))).toEqual(['A resolved 1000-9100'])
  })

  test('S6: an alert that began too often is resolved only after a quiet time, and counted', () => {
    const alerts = lifecycle({ flapping: { firings: 3, withinMs: 1000 } })
    apply(alerts, batch('snapshot'))
    const heard: string[] = []
    for (let at = 2000; at < 2600; at += 100) {
      heard.push(...short(apply(alerts, batch('changes', [update(row('A'), 1, at)]))))
      heard.push(...short(apply(alerts, batch('changes', [update(row('A'), -1, at + 50)]))))
    }
    expect(heard).toEqual([
      'A firing 2000',
      'A resolved 2000-2050',
      'A firing 2100',
      'A resolved 2100-2150',
      'A firing 2200',
    ])
    expect(alerts.counts).toMatchObject({ flaps: 3, damped: 4 })
    expect(short(apply(alerts, batch('progress', [], 9000)))).toEqual(['A resolved 2200-3550'])
    expect([...alerts.instances()]).toEqual([])
  })
})

test('S6: what flaps for ever is remembered once, and forgotten a quiet time after', () => {
  const alerts = lifecycle({ flapping: { firings: 5, withinMs: 60_000 } })
  apply(alerts, batch('snapshot'))
  const queued = vi.spyOn(DueQueue.prototype, 'add')
  const cycles = 300
  let at = 2000
  for (let cycle = 0; cycle < cycles; cycle++, at += 20_000) {
    apply(alerts, batch('changes', [update(row('A'), 1, at)]))
    apply(alerts, batch('changes', [update(row('A'), -1, at + 1)]))
  }
  // For each cycle: pending, kept, and at most one reminder.
  expect(queued.mock.calls.length).toBeLessThanOrEqual(3 * cycles)
  queued.mockRestore()
  apply(alerts, batch('progress', [], at + 120_000))
  expect([...alerts.instances()]).toEqual([])
})

describe('another process', () => {
  test('S7: what goes on firing is not new, what ended meanwhile is resolved, what began meanwhile fires', () => {
    const before = lifecycle()
    apply(before, batch('snapshot', [update(row('A')), update(row('B'))]))
    const after = restarted(before)
    const changes = apply(after, batch('snapshot', [update(row('B'), 1, 5000), update(row('C'), 1, 5000)]))
    expect(short(changes)).toEqual(['C firing 5000', 'A resolved 1000-5000'])
  })

  test('S7: a text that changed meanwhile is an update', () => {
    const before = lifecycle()
    apply(before, batch('snapshot', [update(row('A', { n: 1 }))]))
    const changes = apply(restarted(before), batch('snapshot', [update(row('A', { n: 2 }), 1, 5000)]))
    expect(short(changes)).toEqual(['A updated 1000'])
  })

  test('S7: waiting times go on', () => {
    const timing = { forMs: 100, keepFiringMs: 200 }
    const before = lifecycle(timing)
    apply(before, batch('snapshot', [update(row('A'))], 1500))
    apply(before, batch('changes', [update(row('A'), -1, 1600), update(row('B'), 1, 1600)]))
    const after = restarted(before, timing)
    expect(
      short(apply(after, batch('snapshot', [update(row('B'), 1, 1650), update(row('C'), 1, 1650)]))),
    ).toEqual([])
    expect(short(apply(after, batch('progress', [], 2000)))).toEqual([
      'B firing 1700',
      'C firing 1750',
      'A resolved 1100-1800',
    ])
  })

  test('S7: a server whose clock is behind does not keep alerts waiting for the future', () => {
    const timing = { forMs: 100, keepFiringMs: 100 }
    const before = lifecycle(timing)
    apply(before, batch('snapshot', [update(row('A'), 1, 10_000)], 10_500))
    apply(before, batch('changes', [update(row('A'), -1, 11_000), update(row('B'), 1, 11_000)]))
    const after = restarted(before, timing)
    apply(after, batch('snapshot', [update(row('B'), 1, 500)]))
    expect(short(apply(after, batch('progress', [], 700)))).toEqual([
      'B firing 600',
      'A resolved 10100-10100',
    ])
  })
})
