import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Engine, startEngine } from '../support/engine.js'
import { cacheDir, mztail } from '../support/program.js'
import { until } from '../support/serve.js'

let engine: Engine

beforeAll(async () => {
  engine = await startEngine({ cacheDir })
  await engine.execute(`
    CREATE TABLE alerts (id bigint, labels text);
    CREATE VIEW organization_alert AS SELECT * FROM alerts;
    INSERT INTO alerts VALUES (9007199254740993, 'acme')`)
})

afterAll(() => engine.close())

test('jq reads rows as they come, and big integers to the last digit', async () => {
  const rows = spawn(process.execPath, [mztail, 'organization_alert', '--url', engine.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const jq = spawn('jq', ['--unbuffered', '-c', '[.diff, .row.id, .row.labels]'], {
    stdio: [rows.stdout, 'pipe', 'inherit'],
  })
  const ended = once(jq, 'close')
  let output = ''
  jq.stdout?.on('data', chunk => {
    output += String(chunk)
  })
  try {
    await until(() => output.includes('acme'))
    await engine.execute("INSERT INTO alerts VALUES (2, 'initech')")
    await until(() => output.includes('initech'))
  } finally {
    rows.kill()
  }
  expect(output).toBe('[1,"9007199254740993","acme"]\n[1,"2","initech"]\n')
  expect(await ended).toEqual([0, null])
})
