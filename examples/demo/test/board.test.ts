import { expect, test } from 'vitest'
import { rate, render } from '../src/board.js'
import { percentile } from '../src/latency.js'
import { help, readOptions } from '../src/options.js'
import { describeSummary, summarize } from '../src/summary.js'

const state = {
  nowMs: 10_000,
  addresses: [['page', 'http://127.0.0.1:9884/']] as const,
  eventsSent: 100,
  eventsPerSecond: 1.5,
  threshold: 25,
  deployments: new Map([
    ['B', 52],
    ['A', 8],
  ]),
  firing: new Map([['deployment_spike B', 4000]]),
  transitions: [{ atMs: 4000, to: 'firing', alert: 'deployment_spike B' }] as const,
  notices: [],
}

test('the board says what fires since when, and how full the window is', () => {
  const board = render(state, 100).join('\n')
  expect(board).toContain('deployment_spike B  for 6 s')
  expect(board).toMatch(/A {2}█+·+│·+ {2}8\n {4}B {2}█+ {2}52/)
  expect(board).toContain('00:00:04  firing    deployment_spike B')
})

test('the rate is of the last seconds, not of the whole run', () => {
  const perSecond = rate(10_000)
  expect(perSecond(60, 0)).toBe(0)
  for (let second = 1; second <= 30; second++) perSecond(60 + second * 2, second * 1000)
  expect(perSecond(60 + 31 * 2, 31_000)).toBe(2)
})

test('the board never wraps', () => {
  for (const line of render(state, 30)) expect(line.length).toBeLessThanOrEqual(30)
})

test('a run counts as good only if an alert fired and resolved', () => {
  const fired = { atMs: 1, to: 'firing', alert: 'x' } as const
  const resolved = { atMs: 2, to: 'resolved', alert: 'x' } as const
  expect(summarize([fired], 1, []).cycles).toBe(0)
  expect(summarize([fired, { ...resolved, alert: 'y' }], 1, []).cycles).toBe(0)
  expect(summarize([fired, resolved], 1, []).cycles).toBe(1)
  expect(describeSummary(summarize([fired, resolved], 9, [30, 10, 20]))).toBe(
    "9 events sent, 1 alerts fired, 1 resolved; from a spike's last event to /metrics: p50 20 ms, p99 30 ms (3 measured)",
  )
  expect(percentile([], 0.5)).toBeUndefined()
})

test('flags are read, and one that cannot be is refused in a sentence', () => {
  expect(readOptions(['--seconds', '90', '--spike-every', '20'])).toMatchObject({
    runMs: 90_000,
    spikeEveryMs: 20_000,
    windowMs: 30_000,
    threshold: 25,
  })
  expect(readOptions(['--help'])).toBeUndefined()
  expect(() => readOptions(['--seconds', 'soon'])).toThrow(
    '--seconds is "soon". It takes a whole number of at least 1.',
  )
  expect(() => readOptions(['--what'])).toThrow("Unknown option '--what'")
  for (const flag of [
    'seconds',
    'spike-every',
    'window',
    'threshold',
    'seed',
    'sql-port',
    'metrics-port',
    'prometheus',
  ])
    expect(help).toContain(`--${flag}`)
})
