#!/usr/bin/env node
import { line, rate, render } from './board.js'
import { type Chain, startChain } from './chain.js'
import { type DemoOptions, help, readOptions } from './options.js'
import { startPrometheus } from './prometheus.js'
import { Screen } from './screen.js'
import { describeSummary, summarize } from './summary.js'

const frameMs = 500
const rateOverMs = 10_000
/** Ctrl-C ends everything within two seconds, also if a part hangs. */
const closeWithinMs = 1800

async function main(options: DemoOptions): Promise<number> {
  const notices: string[] = []
  const isLive = process.stdout.isTTY && options.runMs === undefined
  const say = (text: string): void => {
    if (isLive) notices.push(text)
    else console.log(text)
  }
  console.log('starting the embedded engine (the first time takes some seconds longer) …')
  const chain = await startChain(options, {
    onNotice: say,
    onTransition: transition => {
      if (!isLive) console.log(line(transition))
    },
  })
  const addresses: (readonly [string, string])[] = [
    ['SQL', `psql ${chain.sqlUrl}`],
    ['metrics', `${chain.metricsUrl}/metrics`],
    ['page', `${chain.metricsUrl}/`],
  ]
  const monitors = options.prometheus ? await startPrometheus(chain.metricsUrl, say) : undefined
  addresses.push(...(monitors?.addresses ?? []))
  if (!isLive) for (const [name, address] of addresses) console.log(`${name}: ${address}`)
  const draw = isLive ? board(chain, options, addresses, notices) : undefined
  const interrupted = new Promise<'interrupted'>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve('interrupted'))
  })
  const done = new Promise<'done'>(resolve => {
    if (options.runMs !== undefined) setTimeout(() => resolve('done'), options.runMs).unref()
  })
  try {
    await Promise.race([interrupted, done, chain.failed])
  } finally {
    draw?.stop()
    const summary = summarize(chain.watch.transitions, chain.eventsSent(), chain.latency.resultsMs())
    console.log(describeSummary(summary))
    await Promise.race([
      Promise.all([monitors?.close(), chain.close()]),
      new Promise(resolve => setTimeout(resolve, closeWithinMs).unref()),
    ])
    if (options.runMs !== undefined && summary.cycles === 0) process.exitCode = 1
  }
  return Number(process.exitCode ?? 0)
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
