import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { alertmanager, fileStore, notify } from '@mzalert/alert-sinks'
import { table } from '../lib/statistics.mjs'
import { startAlertmanager } from './programs.mjs'

/** Many alerts in one closed batch: to a sink that only counts, with and without a state, and to a real Alertmanager. */
export async function storm(count) {
  const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-bench-'))
  const judge = await startAlertmanager()
  const rows = []
  try {
    await run(1000, 'counted', {})
    rows.push(await run(count, 'a sink that only counts', {}))
    rows.push(await run(count, 'the same, state in a file', { store: fileStore(folder) }))
    const [file] = readdirSync(folder)
    const bytes = file ? statSync(path.join(folder, file)).size : 0
    if (judge) {
      rows.push(await run(count, 'a real Alertmanager', { judge }))
      rows.push(await one(count, judge.url))
    }
    console.log(`### ${count} alerts in one batch\n`)
    console.log(
      table(
        ['to', 'first told, ms', 'all told, ms', 'calls', 'longest block, ms', 'bytes of heap per alert'],
        rows,
      ),
    )
    console.log(`\nThe stored state has ${(bytes / 1e6).toFixed(1)} MB.\n`)
  } finally {
    await judge?.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function run(count, name, { store, judge }) {
  const source = oneBatch(count)
  let calls = 0
  let told = 0
  let firstMs
  let last = -1
  let all
  let wrong
  const done = new Promise((resolve, reject) => {
    all = resolve
    wrong = reject
  })
  const note = alerts => {
    calls++
    firstMs ??= performance.now()
    for (const { labels } of alerts) {
      // What a sink throws would only be tried again.
      if (Number(labels.id) !== ++last) wrong(new Error(`alert ${labels.id} came out of order`))
    }
    told += alerts.length
    if (told === count) all()
  }
  const [real] = judge ? alertmanager({ url: judge.url }) : []
  const counting = {
    ...real,
    name: 'counting',
    send: async (alerts, context) => {
      await real?.send(alerts, context)
      note(alerts)
    },
  }
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  // The first ticks, so that a block at the very beginning is seen, too.
  await new Promise(resolve => setTimeout(resolve, 20))
  const start = performance.now()
  const notifier = notify(source, {
    name: 'storm',
    labels: { id: 'id', organization: 'organization' },
    annotations: { summary: 'Organization {{ organization }} has {{ n }} of {{ id }}' },
    sinks: [counting],
    ...(store ? { store } : {}),
  })
  await done
  const ms = performance.now() - start
  await new Promise(resolve => setTimeout(resolve, 20))
  delay.disable()
  globalThis.gc?.()
  const heap = (process.memoryUsage().heapUsed - before) / count
  await notifier.close()
  const cells = [firstMs - start, ms, calls, delay.max / 1e6].map(value => value.toFixed(0))
  return [name, ...cells, globalThis.gc ? heap.toFixed(0) : 'node --expose-gc']
}

/** What not to do: everything in one call. */
async function one(count, url) {
  const alerts = Array.from({ length: count }, (_, id) => ({
    labels: { alertname: 'one call', id: String(id) },
  }))
  const start = performance.now()
  const answer = await fetch(`${url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(alerts),
  })
  await answer.text()
  const ms = (performance.now() - start).toFixed(0)
  return [`a real Alertmanager, one call (${answer.status})`, ms, ms, 1, '', '']
}

function oneBatch(count) {
  let end
  const ended = new Promise(resolve => {
    end = resolve
  })
  const timestamp = BigInt(Date.now())
  const updates = Array.from({ length: count }, (_, id) => {
    const row = { id, organization: `organization ${id % 40}`, n: BigInt(id) }
    return { row, timestamp, diff: 1, raw: `${id}\t${row.organization}\t${id}` }
  })
  return {
    async *batches() {
      yield { kind: 'snapshot', updates, lower: 0n, upper: timestamp + 1n }
      await ended
    },
    close: async () => end(),
  }
}
