import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

/** The built package; `npm test` builds before. */
const built = (file: string): string => fileURLToPath(new URL(`../dist/${file}`, import.meta.url))

/** What an import may change: globals (but for those of Node's own fetch, which `pg` looks for), listeners of the process, the environment. */
const script = (load: string): string => `
  const seen = () => ({
    globals: Reflect.ownKeys(globalThis).map(String).filter(name => !name.includes('undici')).sort(),
    listeners: process.eventNames().map(name => [String(name), process.listenerCount(name)]),
    environment: Object.keys(process.env).length,
  })
  const before = seen()
  ${load}
  console.log(JSON.stringify({ before, after: seen() }))
`

test.each([
  [
    'module',
    `const { tail } = await import(${JSON.stringify(built('index.js'))}); tail('v', { connection: 'postgres://x' })`,
  ],
  [
    'commonjs',
    `const { tail } = require(${JSON.stringify(built('index.cjs'))}); tail('v', { connection: 'postgres://x' })`,
  ],
  ['module', `await import(${JSON.stringify(built('testing.js'))})`],
] as const)(
  'T10: an import as %s, and a tail that was not started, leave nothing behind',
  async (type, load) => {
    const words = [`--input-type=${type}`, '--eval', script(load)]
    // It ends by itself: nothing keeps it alive.
    const { stdout } = await promisify(execFile)(process.execPath, words)
    const { before, after } = JSON.parse(stdout)
    expect(after).toEqual(before)
  },
)
