// `npm run bench -- <name> [arguments]` measures one thing, `--write` also puts what it printed into README.md; without a name, tells
// what there is.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { replaceSection } from './lib/section.mjs'

const folder = fileURLToPath(new URL('.', import.meta.url))
const names = readdirSync(folder, { withFileTypes: true })
  .filter(entry => entry.isDirectory() && existsSync(`${folder}${entry.name}/run.mjs`))
  .map(({ name }) => name)
const write = process.argv.includes('--write')
const [name, ...rest] = process.argv.slice(2).filter(argument => argument !== '--write')

if (names.includes(name)) {
  const { code, printed } = await run(`${folder}${name}/run.mjs`, rest)
  // What a run prints is Markdown.
  if (code === 0 && write) replaceSection(name, printed)
  process.exitCode = code
} else {
  for (const each of names) {
    const [, about] = /^\/\/ (.*)/.exec(readFileSync(`${folder}${each}/run.mjs`, 'utf8')) ?? []
    console.log(`${each.padEnd(10)} ${about}`)
  }
  if (name !== undefined) process.exitCode = 2
}

function run(script, args) {
  const child = spawn(process.execPath, ['--expose-gc', script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    printed += text
    process.stdout.write(text)
  })
  return new Promise(resolve => child.once('close', code => resolve({ code: code ?? 1, printed })))
}
