import { expect, it, onTestFinished } from 'vitest'
import type { Backend } from '../../src/evaluate/backend.js'
import { Hub } from '../../src/stream/hub.js'
import type { Ending } from '../../src/stream/listener.js'
import { Oracle } from '../../src/stream/oracle.js'
import { Turns } from '../../src/stream/turns.js'
import type { Subscription } from '../../src/wire/subscription.js'
import { plan } from '../support/listening.js'
import { until } from '../support/wait.js'

/** A view of one row. */
const backend: Backend = {
  run: () => Promise.reject(new Error('not asked for')),
  plan: () => Promise.resolve(plan),
  evaluate: async ({ wants }) => ({
    views: wants.map(({ id }) => ({ id, changes: [], rows: [['here', 1]] })),
    redefined: false,
  }),
  forget: () => Promise.resolve(),
  upkeep: () => Promise.resolve({ more: false, events: [] }),
}

/** A hub that evaluates at once. */
function hubWith(historyMs: number): Hub {
  const hub = new Hub({
    generation: 'subscribe',
    backend,
    databaseName: 'materialize',
    polls: false,
    turns: new Turns(),
    oracle: new Oracle(() => 1000),
    timers: {
      monotonicMs: () => 0,
      set: callback => {
        const timer = setImmediate(callback)
        return () => clearImmediate(timer)
      },
    },
    onEvent: () => {},
    historyMs,
    maxHistoryBytes: 1000,
  })
  onTestFinished(() => hub.close())
  return hub
}

/** What became of a stream, and what it was sent. */
function listen(
  hub: Hub,
  { asOf, write = () => true }: { readonly asOf?: bigint; readonly write?: (bytes: Buffer) => boolean } = {},
) {
  const stream = { text: '', endings: [] as Ending[], refused: false }
  const subscription: Subscription = {
    subject: plan.subject,
    progress: true,
    snapshot: true,
    ...(asOf === undefined ? {} : { asOf: { kind: 'at', timestamp: asOf } }),
  }
  const outlet = {
    write: (bytes: Buffer): boolean => {
      stream.text += bytes.toString('latin1')
      return write(bytes)
    },
  }
  const opened = hub.open(plan, subscription, 'text', outlet, ending => stream.endings.push(ending))
  stream.refused = opened !== undefined && 'code' in opened
  return stream
}

it('a limit of the program ends the streams that are open, and whoever comes back is served', async () => {
  const hub = hubWith(0)
  const streams = [
    listen(hub),
    listen(hub, {
      write: () => {
        throw new RangeError('Invalid string length')
      },
    }),
  ]
  await until(() => streams.every(({ endings }) => endings.length > 0), 'the ends')
  const why = { code: 'XX000', message: 'the local engine failed: Invalid string length' }
  for (const { endings } of streams) expect(endings).toMatchObject([{ kind: 'failed', failure: why }])
  const again = listen(hub)
  await until(() => again.text.includes('here'), 'the row')
  expect(again.endings).toEqual([])
})

it('whoever begins anew resumes nothing of before, though others still listen', async () => {
  const hub = hubWith(60_000)
  const stream = listen(hub)
  await until(() => stream.text.includes('here'), 'the row')
  const asOf = BigInt(/\d{4}/.exec(stream.text)?.[0] ?? 0)
  expect(listen(hub, { asOf }).refused).toBe(false)
  hub.beginAnew()
  expect(listen(hub, { asOf }).refused).toBe(true)
})
