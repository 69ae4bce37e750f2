import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Engine, startEngine } from '../support/engine.js'
import { cacheDir, mztail, type Run, run } from '../support/program.js'
import { until } from '../support/serve.js'

let engine: Engine

beforeAll(async () => {
  engine = await startEngine({ cacheDir })
  await engine.execute(`CREATE TABLE alerts (labels text); INSERT INTO alerts VALUES ('acme')`)
})

afterAll(() => engine.close())

/** Runs mztail on a terminal of its own, which util-linux's script gives it; `stop` ends it with SIGTERM. */
function onTerminal(words: readonly string[]): Run & { stop(): Promise<void> } {
  const file = path.join(tmpdir(), `mztail-${process.pid}-${Math.random()}.pid`)
  const told = words.map(word => `'${word}'`).join(' ')
  const command = `echo $$ > ${file}; exec ${process.execPath} ${mztail} --url ${engine.url} ${told}`
  const program = run(['-qefc', command, '/dev/null'], ['script'])
  return {
    ...program,
    stop: async () => {
      process.kill(Number(await readFile(file, 'utf8')), 'SIGTERM')
      await rm(file)
    },
  }
}

const enter = '\x1b[?1049h\x1b[?25l'
const leave = '\x1b[?25h\x1b[?1049l'

test('T82: on a terminal a view is a table that is kept current, and whose last rows stay when it ends', async () => {
  const { ended, output, stop } = onTerminal(['alerts'])
  await until(() => output().includes('acme') && output().includes('alerts · 1 rows'))
  await engine.execute(`INSERT INTO alerts VALUES ('initech')`)
  await until(() => output().includes('initech'))
  await stop()
  expect(await ended).toBe(0)
  expect(output().startsWith(enter)).toBe(true)
  const [, left] = output().split(leave)
  expect(left?.replaceAll('\r', '')).toBe('labels\n───────\nacme\ninitech\nalerts · 2 rows\n')
  await engine.execute(`DELETE FROM alerts WHERE labels = 'initech'`)
})

test('T82: a query that never changes is shown with its rows', async () => {
  const { ended, output } = onTerminal(['select 7 as seven'])
  expect(await ended).toBe(0)
  expect(output().split(leave)[1]?.replaceAll('\r', '')).toBe('seven\n─────\n7\nselect 7 as seven · 1 rows\n')
})

test.each([
  ['--once', /^\{"timestamp":"\d+","diff":1,"row":\{"labels":"acme"\}\}\n$/],
  ['--json', /"labels":"acme"/],
  ['--progress', /\{"frontier":"\d+"\}/],
  ['--since-start --progress', /^\{"frontier":"\d+"\}/],
  ['--changes labels', /^\{"type":"insert"/],
])('T82: with %s there are lines on a terminal too', async (words, lines) => {
  const { ended, output, stop } = onTerminal(['alerts', ...words.split(' ')])
  await until(() => output().includes('\n'))
  if (words !== '--once') await stop()
  expect(await ended).toBe(0)
  expect(output().replaceAll('\r', '')).toMatch(lines)
  expect(output()).not.toContain(enter)
})

test('T82: a key that is no column is refused on a terminal too', async () => {
  const { ended, output } = onTerminal(['alerts', '--changes', 'nope'])
  expect(await ended).toBe(2)
  expect(output()).toContain('mztail: [INVALID_OPTION] key is "nope". It takes columns of the rows: labels.')
})

test('T82: while the server is gone the table says so, and nothing is written over it', async () => {
  const other = await startEngine({ cacheDir })
  await other.execute(`CREATE TABLE alerts (labels text); INSERT INTO alerts VALUES ('acme')`)
  const { ended, output, stop } = onTerminal(['alerts', '--url', other.url])
  await until(() => output().includes('acme'))
  await other.close()
  await until(() => /alerts · 1 rows · not connected: \[CONNECTION_/.test(output()))
  await stop()
  await ended
  expect(output()).not.toContain('mztail: ')
})
