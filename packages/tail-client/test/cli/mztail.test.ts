import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Engine, startEngine } from '../support/engine.js'
import { cacheDir, mztail, run } from '../support/program.js'
import { until } from '../support/serve.js'

let engine: Engine
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mztail-'))
  engine = await startEngine({ cacheDir, historyMs: 60_000 })
  await engine.execute(`
    CREATE TABLE alerts (id bigint, labels text, price numeric, ratio float8, data bytea);
    CREATE VIEW organization_alert AS SELECT * FROM alerts;
    INSERT INTO alerts VALUES (9007199254740993, E'a\\tb"ö', 1.10, 'NaN', '\\x0102'), (2, NULL, 2, 0.5, NULL)`)
})

afterAll(async () => {
  await engine.close()
  await rm(folder, { recursive: true })
})

const lines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as unknown)

test('a view is lines of JSON, in which nothing that JSON has no number for is lost', async () => {
  const { ended, output } = run(['organization_alert', '--url', engine.url, '--once'])
  expect(await ended).toBe(0)
  const rows = lines(output()) as { row: { id: string }; timestamp: string; diff: number }[]
  expect(rows.sort((a, b) => (a.row.id < b.row.id ? -1 : 1))).toEqual([
    {
      timestamp: expect.stringMatching(/^\d{13}$/),
      diff: 1,
      row: { id: '2', labels: null, price: '2', ratio: 0.5, data: null },
    },
    {
      timestamp: expect.any(String),
      diff: 1,
      row: { id: '9007199254740993', labels: 'a\tb"ö', price: '1.1', ratio: 'NaN', data: '\\x0102' },
    },
  ])
})

test('changes by key follow a program that reads the pipe, until it is told to end', async () => {
  const words = ['organization_alert', '--url', engine.url, '--changes', 'id', '--since-start', '--progress']
  const { child, ended, output } = run(words)
  await until(() => output().includes('frontier'))
  await engine.execute("INSERT INTO alerts VALUES (7, 'x')")
  await until(() => output().includes('"insert"'))
  await engine.execute("UPDATE alerts SET labels = 'y' WHERE id = 7")
  await until(() => output().includes('"update"'))
  await engine.execute('DELETE FROM alerts WHERE id = 7')
  await until(() => output().includes('"delete"'))
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  const changes = (lines(output()) as { type?: string }[]).filter(({ type }) => type)
  expect(changes).toMatchObject([
    { type: 'insert', row: { id: '7', labels: 'x' } },
    { type: 'update', row: { labels: 'y' }, previous: { labels: 'x' } },
    { type: 'delete', previous: { labels: 'y' } },
  ])
})

test('a reader that leaves, as head does, is a quiet end with code 0', async () => {
  const command = `"$0" "$1" organization_alert --progress --url "$2" | head -1; echo "\${PIPESTATUS[@]}"`
  const { ended, output, errors } = run([process.execPath, mztail, engine.url], ['bash', '-c', command])
  await ended
  expect(output()).toMatch(/^\{"timestamp".*\}\n0 0\n$/)
  expect(errors()).toBe('')
})

test('a program goes on after the token in a file', async () => {
  const file = path.join(folder, 'alerts.token')
  const words = ['organization_alert', '--url', engine.url, '--from', file]
  expect(await run([...words, '--once']).ended).toBe(0)
  expect(await readFile(file, 'utf8')).toMatch(/^mzt1\./)
  await engine.execute("INSERT INTO alerts VALUES (8, 'while nobody looked')")
  const { child, ended, output } = run(words)
  await until(() => output().includes('\n'))
  child.kill('SIGTERM')
  await ended
  expect(lines(output())).toMatchObject([{ diff: 1, row: { id: '8' } }])
  await engine.execute('DELETE FROM alerts WHERE id = 8')
})

test('a reader that stood still gets every row once it reads on', async () => {
  await engine.execute(
    `CREATE VIEW wide AS SELECT i, repeat('x', 1000) AS text FROM generate_series(1, 20000) AS i`,
  )
  const { child, ended, output } = run(['wide', '--url', engine.url, '--once'])
  child.stdout.pause()
  await until(() => child.stdout.readableLength > 0)
  child.stdout.resume()
  expect(await ended).toBe(0)
  expect(output().split('\n').length - 1).toBe(20_000)
})

test.each([
  ['an unknown view', ['nope'], 1, /^mztail: \[RELATION_NOT_FOUND\] .*nope.*\n$/],
  ['no view', [], 2, /^mztail: \[INVALID_OPTION\] .*--help\.\n$/],
  ['an unknown option', ['v', '--what'], 2, /^mztail: \[INVALID_OPTION\] .*--what.*\n$/],
  [
    'options that contradict',
    ['v', '--once', '--since-start'],
    2,
    /^mztail: \[INVALID_OPTION\] .*--once.*\n$/,
  ],
  [
    'a key that is no column',
    ['organization_alert', '--changes', 'nope'],
    2,
    /^mztail: \[INVALID_OPTION\] .*nope.*\n$/,
  ],
])('%s is one line and an exit code', async (_, words, code, line) => {
  const { ended, output, errors } = run(['--url', engine.url, ...words])
  expect(await ended).toBe(code)
  expect(errors()).toMatch(line)
  expect(output()).toBe('')
})

test('a server that is not there is said at once, and waited for where that is asked', async () => {
  const nowhere = ['organization_alert', '--url', 'postgres://nobody:hunter2@127.0.0.1:1/x']
  const { ended, errors } = run(nowhere)
  expect(await ended).toBe(3)
  expect(errors()).toMatch(/^mztail: \[CONNECTION_REFUSED\] No connection to 127\.0\.0\.1:1 .*\n$/)
  const waiting = run([...nowhere, '--wait'])
  await until(() => waiting.errors().split('\n').length > 2)
  waiting.child.kill('SIGINT')
  expect(await waiting.ended).toBe(0)
  expect(waiting.errors()).toContain('Trying again in')
  expect(waiting.errors()).not.toContain('hunter2')
})

test('a query is followed as a view is', async () => {
  const query = 'select count(*) as n from organization_alert;'
  const { ended, output } = run([query, '--url', engine.url, '--once'])
  expect(await ended).toBe(0)
  expect(lines(output())).toMatchObject([{ diff: 1, row: { n: '2' } }])
})
