import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { tableBelow } from './support/markdown.js'
import { publishedPackages, root, text } from './support/repository.js'
import { entries } from './support/surface.js'

const budgets = tableBelow(text('docs/dependencies.md'), 'What an import costs')
const all = publishedPackages().flatMap(entries)

test('every entry has a budget', () => {
  expect(budgets.map(([entry]) => entry)).toEqual(all.map(({ name }) => `\`${name}\``))
})

test.each(all)('$name costs no more than its budget, and not much less', ({ name, esm, cjs }) => {
  const [, bytes, modules] = budgets.find(([entry]) => entry === `\`${name}\``) ?? []
  within(gzipSync(withChunks(esm).map(text).join('\n')).length / 1000, Number(bytes), 'kB')
  within(loadedModules(cjs), Number(modules), 'modules')
})

function within(found: number, budget: number, unit: string): void {
  expect(found, unit).toBeLessThanOrEqual(budget)
  expect(found, `${unit}: the budget can be smaller`).toBeGreaterThan(budget * 0.75 - 1)
}

/** A file of ours and all those that it imports statically. */
function withChunks(file: string, seen: string[] = []): readonly string[] {
  if (seen.includes(file)) return seen
  seen.push(file)
  for (const [, specifier = ''] of text(file).matchAll(/(?:from|import) ?['"](\.[^'"]+)['"]/g))
    withChunks(path.posix.join(path.posix.dirname(file), specifier), seen)
  return seen
}

/** How many files Node loads for an entry: what an import costs, told without a clock. */
function loadedModules(file: string): number {
  const program = 'require(process.argv[1]); console.log(Object.keys(require.cache).length)'
  return Number(execFileSync(process.execPath, ['-e', program, path.join(root, file)], { encoding: 'utf8' }))
}
