#!/usr/bin/env node
import { line, rate, render } from './board.js'
import { type Chain, startChain } from './chain.js'
import { type Direct, startDirect } from './direct.js'
import { type DemoOptions, help, readOptions } from './options.js'
import { type Monitors, startPrometheus } from './prometheus.js'
import { Screen } from './screen.js'
import { describeSummary, summarize } from './summary.js'

const frameMs = 500
const rateOverMs = 10_000
/** Ctrl-C ends everything within two seconds, also if a part hangs. */
const closeWithinMs = 1800

/** Runs the demo and resolves with the exit code of the process. */
async function main(options: DemoOptions): Promise<number> {
  const interrupted = new Promise<'interrupted'>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve('interrupted'))
  })
  const isLive = process.stdout.isTTY && options.runMs === undefined
  const notices: string[] = []
  const say = (text: string): void => {
    if (isLive) notices.push(text)
    else console.log(text)
  }
  console.log('starting the embedded engine (the first time takes some seconds longer) …')
  const starting = startChain(options, {
    onNotice: say,
    onTransition: transition => {
      if (!isLive) console.log(line(transition))
    },
  })
  const chain = await Promise.race([starting, interrupted])
  if (chain === 'interrupted') {
    await inTime(starting.then(late => late.close()).catch(() => {}))
    return 0
  }
  let monitors: Monitors | undefined
  let direct: Direct | undefined
  let draw: { readonly stop: () => void } | undefined
  try {
    if (options.prometheus) monitors = await startPrometheus(chain.metricsUrl, say)
    const alertmanager = options.alertmanagerUrl ?? monitors?.alertmanagerUrl
    const begun = options.direct ? startDirect(chain.sqlUrl, alertmanager, say) : undefined
    // It waits for its streams: for ever, should the engine have failed.
    const first = await Promise.race([begun, interrupted, chain.failed])
    if (first !== 'interrupted') direct = first
    const addresses = [...addressesOf(chain), ...(monitors?.addresses ?? []), ...(direct?.addresses ?? [])]
    if (!isLive) for (const [name, address] of addresses) console.log(`${name}: ${address}`)
    if (isLive) draw = board(chain, options, addresses, notices)
    await Promise.race([interrupted, elapsed(options.runMs), chain.failed])
  } finally {
    draw?.stop()
    await inTime(close(chain, monitors, direct))
  }
  const summary = summarize(chain.watch.transitions, chain.eventsSent(), chain.latency.resultsMs())
  console.log(describeSummary(summary))
  if (direct) console.log(`${direct.messages.length} alerts reached the Slack-shaped receiver`)
  const isQuiet = summary.cycles === 0 || (direct !== undefined && direct.messages.length < 2)
  return options.runMs !== undefined && isQuiet ? 1 : 0
}

/** Who reads from others ends first. */
async function close(
  chain: Chain,
  monitors: Monitors | undefined,
  direct: Direct | undefined,
): Promise<void> {
  await direct?.close()
  await Promise.all([monitors?.close(), chain.close()])
}

function addressesOf({ sqlUrl, metricsUrl }: Chain): readonly (readonly [string, string])[] {
  return [
    ['SQL', `psql ${sqlUrl}`],
    ['metrics', `${metricsUrl}/metrics`],
    ['page', `${metricsUrl}/`],
  ]
}

function elapsed(ms: number | undefined): Promise<void> {
  return new Promise(resolve => {
    if (ms !== undefined) setTimeout(resolve, ms).unref()
  })
}

async function inTime(closing: Promise<unknown>): Promise<void> {
  await Promise.race([closing, elapsed(closeWithinMs)])
}

function board(
  chain: Chain,
  { threshold }: DemoOptions,
  addresses: readonly (readonly [string, string])[],
  notices: readonly string[],
): { readonly stop: () => void } {
  const screen = new Screen(process.stdout)
  const perSecond = rate(rateOverMs)
  const timer = setInterval(() => {
    const nowMs = Date.now()
    const eventsSent = chain.eventsSent()
    const lines = render(
      {
        nowMs,
        addresses,
        eventsSent,
        eventsPerSecond: perSecond(eventsSent, nowMs),
        threshold,
        deployments: chain.watch.deployments(),
        firing: chain.watch.firing,
        transitions: chain.watch.transitions,
        notices: notices.slice(-3),
      },
      screen.columns,
    )
    screen.draw(lines)
  }, frameMs)
  return {
    stop: () => {
      clearInterval(timer)
      screen.close()
    },
  }
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options) process.exit(await main(options))
  console.log(help)
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
}
