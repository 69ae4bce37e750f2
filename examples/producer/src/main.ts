#!/usr/bin/env node
import { EventsError, type RunStats } from '@mzalert/faker-events'
import { serveHealth } from './health.js'
import { producerMetrics } from './metrics.js'
import { healthOf, help, optionsOf } from './options.js'
import { producer } from './producer.js'
import { reasonOf } from './reason.js'

const summaryEveryMs = 10_000

function summary({ events, batches, late, retries }: RunStats, perSecond?: number): string {
  const rate = perSecond === undefined ? '' : ` (${perSecond.toFixed(1)}/s)`
  return `${events} events${rate}, ${batches} batches, ${late} late, ${retries} retries`
}

async function main(): Promise<void> {
  const options = optionsOf(process.env)
  const address = healthOf(process.env)
  const stop = new AbortController()
  // Only the first one is caught: a second ends a process that cannot finish.
  process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort())

  let stats: RunStats | undefined
  let before = 0
  let trouble: string | undefined = 'no batch has arrived yet'
  const metrics = producerMetrics()
  const health = address && (await serveHealth({ ...address, metrics, waitsFor: () => trouble }))
  if (health) console.error(`health and metrics at ${health.url}`)
  const timer = setInterval(() => {
    if (stats) console.error(summary(stats, ((stats.events - before) * 1000) / summaryEveryMs))
    before = stats?.events ?? 0
  }, summaryEveryMs)
  try {
    const total = await producer(options, {
      signal: stop.signal,
      onWait: sentence => {
        trouble = sentence
        console.error(sentence)
      },
      onBatch: batch => {
        trouble = undefined
        stats = batch.stats
        metrics.update(stats)
      },
      onLate: late => {
        stats = late.stats
        metrics.update(stats)
        console.error(`${late.events} events are up to ${late.lateMs} ms late`)
      },
      onRetry: ({ attempt, delayMs, error, ...retry }) => {
        stats = retry.stats
        metrics.update(stats)
        trouble = `attempt ${attempt + 1} in ${delayMs} ms: ${reasonOf(error)}`
        console.error(trouble)
      },
    })
    console.error(summary(total))
  } catch (error) {
    // Told to stop before there was anything to send.
    if (!stop.signal.aborted || stats !== undefined) throw error
  } finally {
    clearInterval(timer)
    await health?.close()
  }
}

if (process.argv.includes('--help') || process.argv.includes('-h')) console.log(help)
else
  main().catch((error: unknown) => {
    // The reader of standard output has what it wanted, as in `… | head`.
    if (EventsError.is(error) && error.code === 'SINK_CLOSED') return
    console.error(reasonOf(error))
    process.exitCode = 1
  })
