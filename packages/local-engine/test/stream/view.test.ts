import { expect, it } from 'vitest'
import type { LineChange } from '../../src/evaluate/multiset.js'
import { View } from '../../src/stream/view.js'
import { listening, plan } from '../support/listening.js'

/** A view with these changes, each at its timestamp, that someone listens to. */
function viewWith(historyMs: number, steps: readonly (readonly [number, readonly LineChange[]])[]): View {
  const view = new View(1, plan, historyMs)
  view.add(listening({ snapshot: false }).listener, 1)
  for (const [timestamp, changes] of steps) {
    view.apply(timestamp, view.want(timestamp), { id: 1, changes, rows: [] })
  }
  return view
}

it('who comes back while an evaluation is under way misses nothing of it, without a history too', () => {
  const view = viewWith(0, [[10, []]])
  const back = listening({ snapshot: false, asOf: { kind: 'at', timestamp: 10n } })
  const want = view.want(20)
  view.add(back.listener, 21)
  view.apply(20, want, { id: 1, changes: [['a', 1]] })
  view.apply(30, view.want(30), { id: 1, changes: [['b', 1]] })
  expect(back.text().filter(row => !row.startsWith('<'))).toEqual(['20 1 a', '30 1 b'])
})

it('who comes back and reads slowly still gets each change at its own timestamp', () => {
  const view = viewWith(1000, [
    [10, []],
    [20, [['a', 1]]],
    [30, [['b', 1]]],
  ])
  const back = listening({ snapshot: false, asOf: { kind: 'at', timestamp: 10n } })
  back.outlet.open = false
  view.add(back.listener, 31)
  view.apply(40, view.want(40), { id: 1, changes: [['c', 1]] })
  expect(back.text()).toEqual([])
  for (let i = 0; i < 10; i++) back.listener.drained()
  expect(back.text()).toEqual(['<10', '20 1 a', '30 1 b', '40 1 c', '<41'])
})

it('the contents of then are those of now without what happened since', () => {
  const view = viewWith(1000, [
    [10, []],
    [20, [['a', 2]]],
    [30, [['a', -1]]],
  ])
  const back = listening({ snapshot: true, asOf: { kind: 'at', timestamp: 20n } })
  view.add(back.listener, 31)
  const want = view.want(40)
  expect(want.rows).toBe('before')
  view.apply(40, want, { id: 1, changes: [], rows: [['a', 1]] })
  expect(back.text()).toEqual(['<20', '20 2 a', '30 -1 a', '<31'])
})

it('what is older than the history is not to be had, and the earliest that is can be asked for', () => {
  const view = viewWith(100, [
    [10, []],
    [20, [['a', 1]]],
    [500, [['b', 1]]],
  ])
  expect(view.readableSince(501)).toBe(20)
  const earliest = listening({ snapshot: false, asOf: { kind: 'at least', timestamp: 1n } })
  view.add(earliest.listener, 501)
  view.apply(600, view.want(600), { id: 1, changes: [] })
  expect(earliest.text().slice(0, 2)).toEqual(['<20', '500 1 b'])
})

it('the backend is given the plan until it has said something of the view', () => {
  const view = new View(1, plan, 0)
  view.add(listening({ snapshot: false }).listener, 1)
  expect(view.want(10)).toEqual({ id: 1, temporal: false, plan, rows: 'after' })
  // The server was gone: nothing came of it.
  const want = view.want(20)
  expect(want).toEqual({ id: 1, temporal: false, plan, rows: 'after' })
  view.apply(20, want, { id: 1, changes: [], rows: [] })
  expect(view.want(30)).toEqual({ id: 1, temporal: false })
})
