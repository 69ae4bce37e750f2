import { acceleratedClock, wallClock } from '../clock.js'
import { type RunStats, run } from '../run.js'
import { events } from '../scenarios/events.js'
import { ndjsonLine } from '../sinks/ndjson.js'
import type { Clock } from '../types.js'
import { help, type RunArguments, readArguments } from './arguments.js'
import { open } from './destination.js'
import { list, storyOf } from './story.js'

/** What the program touches of the world. */
export interface World {
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean | undefined }
  readonly signal: AbortSignal
  readonly clock?: Clock
}

const dryEvents = 10
const progressEveryMs = 1000
const clearLine = '\r\u001b[K'

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
    left -= 1
    if (left === 0) return
  }
}

async function send(asked: RunArguments, { stdout, stderr, signal, clock: given }: World): Promise<void> {
  const { fromMs: from, forMs, startAt, to } = asked
  const scenario = storyOf(asked)
  const clock = given ?? acceleratedClock(asked.speed)
  const sink = await open(asked, scenario.name, stdout)
  const startedMs = performance.now()
  const faults: Record<string, number> = {}
  let stats: RunStats | undefined
  const isTerminal = stderr.isTTY === true
  const shows = asked.progress ?? isTerminal
  let before = 0
  const progress = setInterval(() => {
    if (!shows || stats === undefined) return
    const line = lineOf(stats, stats.events - before)
    stderr.write(isTerminal ? `${clearLine}${line}` : `${line}\n`)
    before = stats.events
  }, progressEveryMs)
  try {
    stats = await run({
      scenario,
      sink,
      from,
      ...(forMs !== undefined && { to: from + forMs }),
      startAt,
      clock,
      signal,
      retry: { retries: asked.retries },
      onBatch: batch => {
        ;({ stats } = batch)
        for (const { headers = {} } of batch.events) {
          const { fault, dropped } = headers
          if (fault !== undefined) faults[fault] = (faults[fault] ?? 0) + 1
          if (dropped !== undefined) faults['dropped'] = (faults['dropped'] ?? 0) + Number(dropped)
        }
      },
    })
  } finally {
    clearInterval(progress)
    if (shows && isTerminal) stderr.write(clearLine)
    await sink.close()
  }
  const seconds = (performance.now() - startedMs) / 1000
  const summary = {
    scenario: scenario.name,
    seed: scenario.seed,
    from,
    ...stats,
    faults,
    seconds: Number(seconds.toFixed(3)),
    eventsPerSecond: Math.round(stats.events / seconds),
    nextStartAt: startAt + stats.events + stats.skipped,
    stopped: signal.aborted,
  }
  ;(to === '-' ? stderr : stdout).write(`${JSON.stringify(summary)}\n`)
}

function lineOf({ events: sent, late, retries }: RunStats, perSecond: number): string {
  return `${sent} events, ${perSecond}/s, ${late} late, ${retries} retries`
}
