import { beforeEach, expect, test } from 'vitest'
import { AlertEvents, type AlertView, alertsJson } from '../../src/page/api.js'
import { eventLoopTurns, finish } from '../../src/series/slices.js'
import type { Transition } from '../../src/series/transitions.js'
import type { ViewState } from '../../src/types.js'
import { viewModel } from '../support/models.js'
import { until, update } from '../support/source.js'
import { WholeView } from '../support/whole.js'

let view: WholeView
let transitions: Transition[]
let nowMs: number
let sent: string[]
let isBusy: boolean
let isComplete: boolean
let state: ViewState

beforeEach(() => {
  view = new WholeView({})
  transitions = []
  nowMs = 0
  sent = []
  isBusy = false
  isComplete = true
  state = 'live'
})

function views(): readonly AlertView[] {
  const edition = view.edition
  const model = viewModel({
    view: 'v',
    state,
    labelNames: ['a'],
    total: edition.length,
    transitions: transitions.toReversed().slice(0, 3),
    transitionsTotal: transitions.length,
    frontierMs: 2000,
  })
  return [{ model, edition, isComplete }]
}

/** An alert fires or resolves. */
function change(a: string, diff: 1 | -1): void {
  view.changes(update({ a }, diff))
  transitions.push({
    to: diff > 0 ? 'firing' : 'resolved',
    values: [a],
    atMs: 1000,
    number: transitions.length,
  })
}

function follow(): AlertEvents {
  const events = new AlertEvents(views, () => nowMs, eventLoopTurns())
  events.add({ send: text => sent.push(text), isBusy: () => isBusy })
  return events
}

/** What was sent, as those who follow read it: the names of the alerts that fire, after all of it. */
function followed(): { readonly names: readonly string[]; readonly types: readonly string[] } {
  const firing = new Set<string>()
  const types: string[] = []
  for (const [, type = '', json = ''] of sent.join('').matchAll(/^event: (.*)\ndata: (.*)$/gm)) {
    const data = JSON.parse(json) as { alerts?: { labels: { a: string } }[]; labels?: { a: string } }
    types.push(type)
    if (type === 'snapshot') firing.clear()
    for (const { labels } of data.alerts ?? []) firing.add(labels.a)
    if (type === 'firing' && data.labels) firing.add(data.labels.a)
    if (type === 'resolved' && data.labels) firing.delete(data.labels.a)
  }
  return { names: [...firing].sort(), types }
}

test('all alerts are one JSON, whatever their labels are, and one that is kept at 0 is none', () => {
  view = new WholeView({ onRemove: { zeroForMs: 60_000 } })
  for (const a of ['A', 'B', '"}]\n']) change(a, 1)
  change('B', -1)
  const text = Buffer.concat(finish(alertsJson(views()))).toString()
  expect(JSON.parse(text)).toEqual({
    views: [
      {
        view: 'v',
        state: 'live',
        frontierMs: 2000,
        total: 3,
        alerts: ['A', '"}]\n'].map(a => ({ labels: { a }, sinceMs: 1000, isSinceExact: true })),
      },
    ],
  })
})

test('views without alerts, and no views at all, are JSON, too', () => {
  expect(JSON.parse(Buffer.concat(finish(alertsJson(views()))).toString())).toMatchObject({
    views: [{ alerts: [] }],
  })
  expect(JSON.parse(Buffer.concat(finish(alertsJson([]))).toString())).toEqual({ views: [] })
})

test('B40: who follows gets what is so, then every transition, and nothing while nothing happens', () => {
  change('A', 1)
  const events = follow()
  events.tick()
  change('B', 1)
  change('A', -1)
  events.tick()
  events.tick()
  expect(followed()).toEqual({ names: ['B'], types: ['snapshot', 'firing', 'resolved'] })
  nowMs = 10_000
  events.tick()
  expect(followed().types.at(-1)).toBe('state')
})

test('B40: who was too slow for every transition gets what is so instead', () => {
  const events = follow()
  isBusy = true
  for (const a of ['A', 'B', 'C', 'D']) {
    change(a, 1)
    events.tick()
  }
  expect(followed().names).toEqual([])
  isBusy = false
  events.tick()
  expect(followed()).toEqual({ names: ['A', 'B', 'C', 'D'], types: ['snapshot', 'snapshot'] })
})

test.each(['starting', 'failed', 'blocked'] as const)(
  'B40: who follows a view that is %s before its first snapshot gets its alerts when they are there',
  before => {
    isComplete = false
    state = before
    const events = follow()
    view.changes(update({ a: 'A' }), update({ a: 'B' }))
    isComplete = true
    state = 'live'
    events.tick()
    events.tick()
    expect(followed()).toEqual({ names: ['A', 'B'], types: ['snapshot', 'snapshot'] })
  },
)

test('B4: what is so is told in slices where it is much, and what comes meanwhile is told after it', async () => {
  view.changes(...Array.from({ length: 5000 }, (_, index) => update({ a: `${index}` })))
  const events = follow()
  expect(followed().types).toEqual([])
  change('new', 1)
  change('17', -1)
  events.tick()
  await until(() => sent.length > 1)
  events.tick()
  const { names, types } = followed()
  expect(types).toEqual(['snapshot', 'firing', 'resolved'])
  expect(names).toHaveLength(5000)
  expect(names).toContain('new')
  expect(names).not.toContain('17')
  // What was made for one is there for the next: it is told all at once.
  sent = []
  events.add({ send: text => sent.push(text), isBusy: () => false })
  await until(() => followed().types.length > 0)
  expect(followed().names).toEqual(names)
})

test('who leaves is sent nothing more', () => {
  const events = new AlertEvents(views, () => nowMs, eventLoopTurns())
  const leave = events.add({ send: text => sent.push(text), isBusy: () => false })
  leave()
  change('A', 1)
  events.tick()
  expect(followed().types).toEqual(['snapshot'])
  expect(events.size).toBe(0)
})
