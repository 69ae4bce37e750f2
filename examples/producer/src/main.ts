#!/usr/bin/env node
import { EventsError, type RunStats } from '@mzalert/faker-events'
import { serveHealth } from './health.js'
import { producerMetrics } from './metrics.js'
import { healthOf, help, optionsOf } from './options.js'
import { producer } from './producer.js'

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
  const metrics = producerMetrics()
  const health = address && (await serveHealth({ ...address, metrics, isReady: () => stats !== undefined }))
  if (health) console.error(`health and metrics at ${health.url}`)
  const timer = setInterval(() => {
    if (stats) console.error(summary(stats, ((stats.events - before) * 1000) / summaryEveryMs))
    before = stats?.events ?? 0
  }, summaryEveryMs)
  try {
    const total = await producer(options, {
      signal: stop.signal,
      onWait: sentence => console.error(sentence),
      onBatch: batch => {
        stats = batch.stats
        metrics.update(stats)
      },
      onLate: ({ events, lateMs }) =>
        console.error(`${events} events are up to ${Math.round(lateMs)} ms late`),
      onRetry: ({ attempts, delayMs, error }) =>
        console.error(`attempt ${attempts + 1} in ${delayMs} ms: ${lineOf(error)}`),
    })
    console.error(summary(total))
  } catch (error) {
    // Told to stop while it still waited for the broker: nothing was begun.
    if (!stop.signal.aborted || stats !== undefined) throw error
  } finally {
    clearInterval(timer)
    await health?.close()
  }
}

function lineOf(error: unknown): string {
  return (error instanceof Error ? error.message || error.name : String(error)).replaceAll(/\s+/g, ' ')
}

if (process.argv.includes('--help') || process.argv.includes('-h')) console.log(help)
else
  main().catch((error: unknown) => {
    // The reader of standard output has what it wanted, as in `… | head`.
    if (EventsError.is(error) && error.code === 'SINK_CLOSED') return
    console.error(lineOf(error))
    process.exitCode = 1
  })
