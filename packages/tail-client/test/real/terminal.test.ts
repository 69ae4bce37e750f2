import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Engine, startEngine } from '../support/engine.js'
import { cacheDir, mztail, run } from '../support/program.js'
import { until } from '../support/serve.js'

let engine: Engine

beforeAll(async () => {
  engine = await startEngine({ cacheDir })
  await engine.execute(`CREATE TABLE alerts (labels text); INSERT INTO alerts VALUES ('acme')`)
})

afterAll(() => engine.close())

test('on a terminal a view is a table that is kept current, and the terminal is left as it was', async () => {
  // util-linux's script gives the program a terminal of its own.
  const file = path.join(tmpdir(), `mztail-${process.pid}.pid`)
  const command = `echo $$ > ${file}; exec ${process.execPath} ${mztail} alerts --url ${engine.url}`
  const { ended, output } = run(['-qefc', command, '/dev/null'], ['script'])
  await until(() => output().includes('acme') && output().includes('alerts · 1 rows'))
  await engine.execute(`INSERT INTO alerts VALUES ('initech')`)
  await until(() => output().includes('initech'))
  process.kill(Number(await readFile(file, 'utf8')), 'SIGTERM')
  await rm(file)
  expect(await ended).toBe(0)
  expect(output().endsWith('\x1b[?25h\x1b[?1049l')).toBe(true)
  expect(output().startsWith('\x1b[?1049h\x1b[?25l')).toBe(true)
})
