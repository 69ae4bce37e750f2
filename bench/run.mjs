// `npm run bench -- <name> [arguments]` measures one thing; without a name, tells what there is.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
const names = readdirSync(folder, { withFileTypes: true })
  .filter(entry => entry.isDirectory() && existsSync(`${folder}${entry.name}/run.mjs`))
  .map(({ name }) => name)
const [name, ...rest] = process.argv.slice(2)

if (names.includes(name)) {
  const script = `${folder}${name}/run.mjs`
  process.argv.splice(1, process.argv.length, script, ...rest)
  await import(script)
} else {
  for (const each of names) {
    const [, about] = /^\/\/ (.*)/.exec(readFileSync(`${folder}${each}/run.mjs`, 'utf8')) ?? []
    console.log(`${each.padEnd(10)} ${about}`)
  }
  if (name !== undefined) process.exitCode = 2
}
