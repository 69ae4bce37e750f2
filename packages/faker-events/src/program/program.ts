import { acceleratedClock, wallClock } from '../clock.js'
import { EventsError, reasonOf } from '../errors.js'
import { type RunStats, run } from '../run.js'
import { events } from '../scenarios/events.js'
import { ndjsonLine } from '../sinks/ndjson.js'
import type { Clock } from '../types.js'
import { help, type RunArguments, readArguments } from './arguments.js'
import { open } from './destination.js'
import { Progress, type Screen } from './progress.js'
import { list, storyOf } from './story.js'

/** What the program touches of the world. */
export interface World {
  readonly stdout: NodeJS.WritableStream
  readonly stderr: Screen
  readonly signal: AbortSignal
  readonly clock?: Clock
}

const dryEvents = 10

/** Runs the program with the words after its name; resolves when it has done what they say. */
export async function program(words: readonly string[], world: World): Promise<void> {
  const command = readArguments(words, (world.clock ?? wallClock).nowMs())
  if (command.name === 'help') world.stdout.write(help)
  else if (command.name === 'list') world.stdout.write(list)
  else if (command.arguments.dryRun) preview(command.arguments, world)
  else await send(command.arguments, world)
}

function preview(asked: RunArguments, { stdout }: World): void {
  let left = dryEvents
  for (const event of events(storyOf(asked), { from: asked.fromMs, startAt: asked.startAt })) {
    stdout.write(ndjsonLine(event))
    left--
    if (left === 0) return
  }
}

async function send(asked: RunArguments, { stdout, stderr, signal, clock: given }: World): Promise<void> {
  const { fromMs: from, forMs, startAt, whenLate } = asked
  const scenario = storyOf(asked)
  const clock = given ?? acceleratedClock(asked.speed)
  const sink = await open(asked, scenario.name, stdout)
  const startedMs = performance.now()
  const progress = new Progress(stderr, asked.progress ?? stderr.isTTY === true)
  const summarize = (stats: RunStats | undefined, error?: unknown): void => {
    const totals = stats ?? nothing
    const seconds = (performance.now() - startedMs) / 1000
    const summary = {
      scenario: scenario.name,
      seed: scenario.seed,
      from,
      ...totals,
      faults: progress.faults,
      seconds: Number(seconds.toFixed(3)),
      eventsPerSecond: Math.round(totals.events / seconds),
      nextStartAt: startAt + totals.events + totals.skipped,
      stopped: signal.aborted,
      ...(error !== undefined && { error: reasonOf(error) }),
    }
    ;(asked.to === '-' ? stderr : stdout).write(`${JSON.stringify(summary)}\n`)
  }
  try {
    const stats = await run({
      scenario,
      sink,
      from,
      ...(forMs !== undefined && { to: from + forMs }),
      startAt,
      clock,
      signal,
      whenLate,
      retry: { maxAttempts: asked.retries },
      onBatch: batch => progress.sent(batch),
      onLate: notice => progress.late(notice),
      onRetry: notice => progress.retries(notice),
    })
    progress.end()
    summarize(stats)
  } catch (error) {
    progress.end()
    // Of a wrong option, or a reader that has had enough, as in `… | head`, there is nothing to tell.
    if (!EventsError.is(error) || error.code === 'SINK_FAILED') summarize(progress.stats, error)
    throw error
  } finally {
    await sink.close()
  }
}

const nothing: RunStats = { events: 0, batches: 0, bytes: 0, late: 0, maxLateMs: 0, skipped: 0, retries: 0 }
