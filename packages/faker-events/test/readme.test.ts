import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { events, expectations, scenarios } from '../src/index.js'
import { tableServer } from './support/table-server.js'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const tsc = path.join(packageFolder, 'node_modules/typescript/bin/tsc')
const run = promisify(execFile)

async function snippets(): Promise<readonly string[]> {
  const text = await readFile(path.join(packageFolder, 'README.md'), 'utf8')
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code)
}

/** What a snippet prints when it is run as it stands, its types taken away. */
async function printed(code: string): Promise<string> {
  const file = path.join(packageFolder, 'test', `.snippet-${process.pid}.mjs`)
  await writeFile(file, code)
  try {
    return (await run(process.execPath, [file])).stdout
  } finally {
    await rm(file)
  }
}

test('every snippet of the README compiles by itself, against what is published', async () => {
  const folder = await mkdtemp(path.join(packageFolder, 'test', '.readme-'))
  try {
    await mkdir(path.join(folder, 'node_modules/@mzalert'), { recursive: true })
    await symlink(packageFolder, path.join(folder, 'node_modules/@mzalert/faker-events'))
    const all = await snippets()
    expect(all.length).toBeGreaterThan(5)
    const files = all.map((_, at) => `snippet${at}.mts`)
    for (const [at, code] of all.entries())
      await writeFile(path.join(folder, `snippet${at}.mts`), `${code}\nexport {}\n`)
    const compilerOptions = {
      noEmit: true,
      strict: true,
      skipLibCheck: true,
      module: 'nodenext',
      target: 'es2022',
      types: ['node'],
    }
    await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
    await run(process.execPath, [tsc, '-p', folder]).catch((error: { stdout?: string }) => {
      throw new Error(error.stdout)
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}, 120_000)

test('the first snippet prints the events and the alerts of five minutes', async () => {
  const story = scenarios.deployments({ seed: 7, customers: 40, spikeEveryMs: 60_000 })
  const range = { from: 1_700_000_000_000, to: 1_700_000_300_000 }
  const [first = ''] = await snippets()
  expect(await printed(first)).toBe(
    [
      ...[...events(story, range)].map(
        ({ timestampMs, key, value }) => `${timestampMs} ${key} ${value.organization}\n`,
      ),
      ...expectations(story, { ...range, windowMs: 30_000, threshold: 25 }).map(
        ({ organization, firesAtMs, resolvesAtMs }) =>
          `${organization} fires at ${firesAtMs} and resolves at ${resolvesAtMs}\n`,
      ),
    ].join(''),
  )
})

test('the event of the second snippet is one, field by field', async () => {
  const [, second = ''] = await snippets()
  const story = scenarios.deployments({ seed: 7 })
  const event = [...events(story, { from: 1_700_000_000_000, to: 1_700_000_060_000 })].find(
    ({ stream, index }) => stream === 'trickle' && index === 12,
  )
  const shown = second.replace(/import .*\n/, '').replace(/: GeneratedEvent<Deployment>/, '')
  expect(JSON.parse(await printed(`${shown}console.log(JSON.stringify(event))`))).toEqual(event)
})

test('the snippet that seeds a test fills the table', async () => {
  const server = await tableServer()
  const code = (await snippets()).find(each => each.includes('connection')) ?? ''
  const own = code.replace('postgres://materialize@127.0.0.1:6875/materialize', server.url)
  // Its sink stays open, as it would in a test.
  await printed(`${own}console.log(expected.length)\nprocess.exit()`)
  await server.close()
  expect(server.tables.get('"deployments"')).toHaveLength(60 + 3600 + 60 * 40)
})
