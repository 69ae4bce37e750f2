import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { exporter } from '@mzalert/example-exporter'
import { models } from '@mzalert/stack'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../src/ports.js'

const program = fileURLToPath(new URL('../node_modules/@mzalert/local-engine/dist/cli.js', import.meta.url))
const host = '127.0.0.1'
/** How often the engine is killed. */
const kills = Number(process.env['MZALERT_KILLS'] ?? 2)

/** What fires after each start: one always, one that comes and goes, and one of its own. */
function truthOf(round: number): readonly string[] {
  return ['Always', ...(round % 2 ? ['Odd'] : []), `Round${round}`].sort()
}

/** The models and their events as one script, which is one transaction: an engine that starts has nothing, then everything. */
function script(round: number): string {
  const events = truthOf(round).flatMap(organization =>
    Array.from({ length: 3 }, (_, id) => {
      const event = {
        customer_id: id,
        customer_name: 'x',
        deployment_type: 'cloud',
        event_type: 'deployment_created',
        organization,
        event_ts: Math.floor(Date.now() / 1000) - 1,
      }
      return `('${JSON.stringify(event)}')`
    }),
  )
  return [
    ...models('local', { windowMs: 3_600_000, threshold: 2 }).map(({ sql }) => sql),
    `INSERT INTO deployments VALUES ${events.join(', ')};`,
  ].join(';\n')
}

test.each(['subscribe', 'tail'] as const)(
  'B2: while the engine (%s) is killed with SIGKILL again and again, the page and the metrics are never wrong',
  async generation => {
    const folder = await mkdtemp(path.join(tmpdir(), 'mzalert-kill-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const port = await freePort(0, host)
    let engine: ChildProcess | undefined
    onTestFinished(() => void engine?.kill('SIGKILL'))
    const start = async (round: number): Promise<void> => {
      const file = path.join(folder, `${round}.sql`)
      await writeFile(file, script(round))
      const words = [program, '--port', String(port), '--generation', generation, '--sql', file]
      engine = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
      if (engine.stdout) await once(engine.stdout, 'data')
    }
    await start(0)
    const exported = await exporter({
      connection: `postgres://materialize@${host}:${port}/materialize`,
      port: 0,
    })
    onTestFinished(() => exported.close())
    await exported.bridge.ready

    /** The rounds whose truth may be seen: the one before a kill, until that after it has come. */
    let known = [truthOf(0).join()]
    const observations = { metrics: 0, page: 0 }
    const wrong: string[] = []
    /** What is seen may become that of the next round, and never goes back to the one before. */
    const observe = async (where: 'metrics' | 'page'): Promise<string> => {
      const before = [...known]
      const text = await (await fetch(`${exported.url}${where === 'page' ? '/' : '/metrics'}`)).text()
      // The page also says what was resolved of late, below the table of what fires.
      const [shown = ''] =
        where === 'page' ? (/<table class="alerts"[\s\S]*?<\/table>/.exec(text) ?? []) : [text]
      const pattern =
        where === 'page' ? /\b(Always|Odd|Round\d+)\b/g : /^organization_alert\{.*organization="(\w+)"\} 1$/gm
      const seen = [...new Set([...shown.matchAll(pattern)].map(([, name]) => name ?? ''))].sort().join()
      observations[where]++
      if (!before.includes(seen) && !known.includes(seen) && wrong.length < 10)
        wrong.push(`${where}: ${seen} is none of ${known}`)
      return seen
    }
    let isOver = false
    onTestFinished(() => {
      isOver = true
    })
    const watched = Promise.all(
      (['metrics', 'page'] as const).map(async where => {
        while (!isOver && wrong.length === 0) {
          await observe(where)
          await new Promise(resolve => setTimeout(resolve, 5))
        }
      }),
    )
    for (let round = 1; round <= kills; round++) {
      const next = truthOf(round).join()
      known = [...known, next]
      const gone = engine && once(engine, 'exit')
      engine?.kill('SIGKILL')
      await gone
      await start(round)
      const deadline = performance.now() + 60_000
      while ((await observe('metrics')) !== next || (await observe('page')) !== next) {
        if (performance.now() > deadline || wrong.length > 0)
          throw new Error(`round ${round} never showed: ${wrong.join('; ')}`)
        await new Promise(resolve => setTimeout(resolve, 10))
      }
      known = [next]
    }
    isOver = true
    await watched
    expect(wrong).toEqual([])
    expect(Math.min(observations.metrics, observations.page)).toBeGreaterThan(kills * 10)
    const metrics = await (await fetch(`${exported.url}/metrics`)).text()
    expect(metrics).toContain('mzalert_view_up{view="organization_alert"} 1')
  },
  180_000,
)
