import { inspect } from 'node:util'
import { fingerprint } from '../alerts/fingerprint.js'
import type { Alert, Sink } from '../types.js'

/** A sink under test, with its destination. */
export interface SinkHarness {
  readonly sink: Sink
  /** Everything that the destination has been sent so far, as text. */
  readonly received: () => string | Promise<string>
  /** Makes the destination refuse everything, until it is mended. */
  readonly breakIt: () => void | Promise<void>
  readonly mend: () => void | Promise<void>
  /** Texts that must be in no error. */
  readonly secrets?: readonly string[]
  readonly close?: () => void | Promise<void>
}

/** One thing that a sink has to do; `run` rejects with what it does instead. */
export interface ConformanceCheck {
  readonly title: string
  readonly run: () => Promise<void>
}

const nowMs = Date.UTC(2026, 10, 24, 3, 28)
/** No sink needs this long to notice that it is to stop. */
const patienceMs = 10_000

/**
 * What every sink has to do, as checks for any test runner; `make` gives a new harness for each.
 *
 * @example
 * for (const { title, run } of sinkConformance(make)) test(title, run)
 */
export function sinkConformance(make: () => SinkHarness | Promise<SinkHarness>): readonly ConformanceCheck[] {
  const check = (title: string, run: (harness: SinkHarness) => Promise<void>): ConformanceCheck => ({
    title,
    run: async () => {
      const harness = await make()
      try {
        await run(harness)
        await harness.sink.close?.()
      } finally {
        await harness.mend()
        await harness.close?.()
      }
    },
  })
  return [
    check('an alert that fires is told, and its end', async harness => {
      const firing = example('one')
      await send(harness, [firing])
      await mustHave(harness, [firing])
      await send(harness, [{ ...firing, status: 'resolved', endsAtMs: nowMs }])
      await mustHave(harness, [firing])
    }),
    check('as many alerts as it takes in one call are all sent', async harness => {
      const { batchSize = 256 } = harness.sink
      const alerts = Array.from({ length: Math.min(batchSize, 300) }, (_, at) => example(`many-${at}`))
      const before = (await harness.received()).length
      await send(harness, alerts)
      if ((await harness.received()).length === before) throw new Error('Nothing was received.')
      if (alerts.length <= 10 || batchSize <= 1000) await mustHave(harness, alerts)
    }),
    check('the same alert may come twice', async harness => {
      await send(harness, [example('twice')])
      await send(harness, [{ ...example('twice'), reason: 'resend' }])
      await mustHave(harness, [example('twice')])
    }),
    check('texts may have any characters', async harness => {
      const nasty = '"\\\n\t<&>|`*_ é 漢 😀 \u0000 {{ x }}'
      const alert = { ...example('nasty'), labels: { alertname: 'nasty', text: nasty } }
      await send(harness, [{ ...alert, annotations: { ...alert.annotations, description: nasty } }])
      await mustHave(harness, [alert])
    }),
    check(
      'a destination that cannot be reached is an error that may be tried again, and then the alerts arrive',
      async harness => {
        await harness.breakIt()
        const error = await failure(harness, [example('late')])
        if (Object(error).retryable === false)
          throw new Error(`It says that it must not be tried again: ${inspect(error)}`)
        await harness.mend()
        await send(harness, [example('late')])
        await mustHave(harness, [example('late')])
      },
    ),
    check('no error shows a secret', async harness => {
      await harness.breakIt()
      const shown = inspect(await failure(harness, [example('secret')]), { depth: 10, showHidden: true })
      for (const secret of harness.secrets ?? [])
        if (shown.includes(secret)) throw new Error('An error shows a secret.')
    }),
    check('nothing of what it is given is changed', async harness => {
      await send(harness, [deeplyFrozen(example('frozen'))])
      await mustHave(harness, [example('frozen')])
    }),
    check('it ends when it is told to', async harness => {
      const stopped = AbortSignal.abort(new Error('stopped'))
      const ended = Promise.resolve(
        harness.sink.send([example('stopped')], { signal: stopped, nowMs }),
      ).catch(() => {})
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error('It goes on though its signal was aborted.')), patienceMs)
      })
      await Promise.race([ended, late]).finally(() => clearTimeout(timer))
    }),
  ]
}

/** An alert that can be found in what a destination was sent, by its summary or its fingerprint. */
function example(mark: string): Alert {
  const labels = { alertname: 'conformance', mark }
  return {
    status: 'firing',
    fingerprint: fingerprint(Object.entries(labels)),
    labels,
    annotations: { summary: `summary of ${mark}.` },
    links: { runbook: 'https://wiki.example/runbook' },
    generatorURL: 'https://console.example/',
    startsAtMs: nowMs - 60_000,
    endsAtMs: undefined,
    reason: 'transition',
  }
}

async function send({ sink }: SinkHarness, alerts: readonly Alert[]): Promise<void> {
  await sink.send(alerts, { signal: new AbortController().signal, nowMs })
}

async function failure(harness: SinkHarness, alerts: readonly Alert[]): Promise<unknown> {
  try {
    await send(harness, alerts)
  } catch (error) {
    return error
  }
  throw new Error('It says that alerts were sent, though the destination took nothing.')
}

async function mustHave({ received }: SinkHarness, alerts: readonly Alert[]): Promise<void> {
  const text = await received()
  for (const { fingerprint: print, annotations } of alerts)
    if (!text.includes(print) && !text.includes(annotations['summary'] ?? print))
      throw new Error(`The destination has not been told of the alert ${annotations['summary']}`)
}

function deeplyFrozen<T extends object>(value: T): T {
  for (const inner of Object.values(value))
    if (typeof inner === 'object' && inner !== null) deeplyFrozen(inner)
  return Object.freeze(value)
}
