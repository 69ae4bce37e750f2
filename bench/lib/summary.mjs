import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { replaceSection, requireSection } from './section.mjs'
import { table } from './statistics.mjs'

const sections = fileURLToPath(new URL('../README.md', import.meta.url))
const front = fileURLToPath(new URL('../../README.md', import.meta.url))

/**
 * What of a run belongs into the one table of the repository's README: what is measured, with its unit, what it is for us, and what for
 * each peer of the same run. It is printed as a comment, and so stays with its run in bench/README.md.
 */
export function headline(what, ours, peers = {}) {
  const beside = Object.entries(peers).map(([peer, value]) => `${peer}: ${value}`)
  console.log(`\n<!-- headline | ${[what, ours, beside.join('; ')].join(' | ')} -->`)
}

/** The table of all headlines that a page has, in its order. */
function summaryOf(page) {
  const rows = [...page.matchAll(/^<!-- headline \| (.*) -->$/gm)].map(([, cells]) => cells.split(' | '))
  return table(['measured', 'here', 'beside it'], rows)
}

/** Makes the table in the repository's README anew, of what bench/README.md has. */
export function writeSummary() {
  replaceSection('measured', summaryOf(readFileSync(sections, 'utf8')), front)
}

/** Throws if the repository's README has no place for the table. */
export function requireSummary() {
  requireSection('measured', front)
}
