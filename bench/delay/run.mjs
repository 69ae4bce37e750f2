// From a row to its sample, and from its end to the sample's: prom-bridge beside prometheus-sql-exporter.
// `npm run bench -- delay [rounds] [the interval of sql_exporter]`
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, get } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startEngine } from '@mzalert/local-engine'
import { bridge } from '@mzalert/prom-bridge'
import { freePort } from '@mzalert/stack/chain'
import { machine } from '../lib/machine.mjs'
import { sleep } from '../lib/sleep.mjs'
import { percentile, table } from '../lib/statistics.mjs'
import { headline } from '../lib/summary.mjs'

const rounds = Number(process.argv[2] ?? 20)
const interval = process.argv[3] ?? '1s'
const program = 'prometheus-sql-exporter'
if (spawnSync(program, ['-version']).error) throw new Error(`${program} is not on the PATH: install it.`)

const agent = new Agent({ keepAlive: true })
const text = url =>
  new Promise((resolve, reject) => {
    get(url, { agent }, response => {
      let body = ''
      response.on('data', chunk => {
        body += chunk
      })
      response.on('end', () => resolve(body))
    }).on('error', reject)
  })

/** Milliseconds until a metrics endpoint has, or has no longer, what is looked for. */
async function until(url, wanted, isThere, limitMs = 60_000) {
  const start = performance.now()
  while ((await text(url)).includes(wanted) !== isThere) {
    if (performance.now() - start > limitMs) return Number.POSITIVE_INFINITY
    await sleep(2)
  }
  return performance.now() - start
}

const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-delay-'))
const engine = await startEngine({ port: 0 })
await engine.execute(`
  CREATE TABLE alerts (organization text);
  INSERT INTO alerts VALUES ('always');
  CREATE VIEW organization_alert AS SELECT organization, 1 AS value FROM alerts`)
const ours = bridge({
  connection: engine.url,
  views: [{ view: 'organization_alert', labels: { organization: 'organization' } }],
})
await ours.ready
const server = createServer(ours.handler).listen(0, '127.0.0.1')
await new Promise(resolve => server.once('listening', resolve))
const port = await freePort()
const file = path.join(folder, 'sql_exporter.yml')
const url = new URL(engine.url)
url.searchParams.set('sslmode', 'disable')
// JSON is YAML.
writeFileSync(
  file,
  JSON.stringify({
    jobs: [
      {
        name: 'alerts',
        interval,
        connections: [url.href],
        queries: [
          {
            name: 'organization_alert',
            help: 'alerts',
            labels: ['organization'],
            values: ['value'],
            query: 'SELECT organization, value FROM organization_alert',
          },
        ],
      },
    ],
  }),
)
const child = spawn(program, ['-config.file', file, '-web.listen-address', `127.0.0.1:${port}`], {
  stdio: ['ignore', 'pipe', 'pipe'],
})
let said = ''
for (const stream of [child.stdout, child.stderr])
  stream.on('data', chunk => {
    said = (said + chunk).slice(-4000)
  })

const urls = {
  'prom-bridge': `http://127.0.0.1:${server.address().port}/metrics`,
  [`sql_exporter, every ${interval}`]: `http://127.0.0.1:${port}/metrics`,
}
const delays = Object.fromEntries(Object.keys(urls).map(name => [name, { comes: [], goes: [] }]))
try {
  while (
    await text(Object.values(urls)[1]).then(
      () => false,
      () => true,
    )
  ) {
    if (child.exitCode !== null) throw new Error(`${program} ended with code ${child.exitCode}`)
    await sleep(50)
  }
  for (let round = 0; round < rounds; round++) {
    // Not in step with anybody's interval.
    await sleep(Math.random() * 700)
    const name = `organization-${round}`
    const wanted = `organization="${name}"`
    for (const [part, isThere] of [
      ['comes', true],
      ['goes', false],
    ]) {
      await engine.execute(
        isThere
          ? `INSERT INTO alerts VALUES ('${name}')`
          : `DELETE FROM alerts WHERE organization = '${name}'`,
      )
      await Promise.all(
        Object.entries(urls).map(async ([who, address]) => {
          delays[who][part].push(await until(address, wanted, isThere))
        }),
      )
    }
  }
  const parts = { comes: 'row to sample', goes: "its end to the sample's" }
  const rows = Object.entries(delays).map(([who, measured]) => [
    who,
    ...Object.keys(parts).flatMap(part => [
      Math.round(percentile(measured[part], 0.5)),
      Math.round(Math.max(...measured[part])),
    ]),
  ])
  const head = Object.values(parts).flatMap(part => [`${part}, p50 ms`, `${part}, max ms`])
  console.log(`${machine()}. ${rounds} rows, from the commit to /metrics.\n`)
  console.log(`${table(['', ...head], rows)}\n`)
  const [[, ours], ...peers] = rows.map(([who, median]) => [who, `${median} ms`])
  headline('from a row to its sample in `/metrics`, p50', ours, Object.fromEntries(peers))
  console.log()
  // With an empty answer sql_exporter keeps what it had: the last alert of all stays.
  await engine.execute('DELETE FROM alerts')
  for (const [who, address] of Object.entries(urls)) {
    const ms = await until(address, 'organization="always"', false, 15_000)
    console.log(
      `- The last row of the view goes: ${who}: ${Number.isFinite(ms) ? `gone after ${Math.round(ms)} ms` : 'still there after 15 s'}`,
    )
  }
} catch (error) {
  console.error(said)
  throw error
} finally {
  child.kill()
  await ours.close()
  server.close()
  server.closeAllConnections()
  agent.destroy()
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
}
