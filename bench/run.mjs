// `npm run bench -- <name> [arguments]` measures one thing; `--write` also puts what it printed into README.md, and its headlines into the
// table of the repository's README. `--write` without a name measures everything; nothing at all tells what there is.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { replaceSection, requireSection } from './lib/section.mjs'
import { requireSummary, writeSummary } from './lib/summary.mjs'

const folder = fileURLToPath(new URL('.', import.meta.url))
const names = readdirSync(folder, { withFileTypes: true })
  .filter(entry => entry.isDirectory() && existsSync(`${folder}${entry.name}/run.mjs`))
  .map(({ name }) => name)
const write = process.argv.includes('--write')
const [name, ...rest] = process.argv.slice(2).filter(argument => argument !== '--write')

if (name !== undefined && !names.includes(name)) {
  list()
  process.exitCode = 2
} else if (name === undefined && !write) list()
else await measure(name === undefined ? names : [name])

/** One after the other; one that fails is left as it was, and the others go on. */
async function measure(wanted) {
  if (write) {
    requireSummary()
    for (const each of wanted) requireSection(each)
  }
  const failed = []
  for (const each of wanted) {
    if (wanted.length > 1) console.log(`\n## ${each}\n`)
    const { code, printed } = await run(`${folder}${each}/run.mjs`, rest)
    if (code !== 0) failed.push(each)
    // What a run prints is Markdown.
    else if (write) replaceSection(each, printed)
  }
  if (write) writeSummary()
  if (failed.length > 0) console.error(`failed, and not written: ${failed.join(', ')}`)
  process.exitCode = failed.length > 0 ? 1 : 0
}

function list() {
  for (const each of names) {
    const [, about] = /^\/\/ (.*)/.exec(readFileSync(`${folder}${each}/run.mjs`, 'utf8')) ?? []
    console.log(`${each.padEnd(10)} ${about}`)
  }
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
