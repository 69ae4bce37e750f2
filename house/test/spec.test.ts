import { expect, test } from 'vitest'
import { sources, text, workspaces } from './support/repository.js'

/** Statements of SPEC.md: `### T1` begins one, and `- \`file\` title` names a test that shows it. */
function statements(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  let id = ''
  for (const line of text('SPEC.md').split('\n')) {
    const heading = /^### ([A-Z]\d+)$/.exec(line)
    if (heading?.[1]) {
      id = heading[1]
      found.set(id, [])
    }
    const named = /^- `([^`]+)` (.+)$/.exec(line)
    if (named && id) found.get(id)?.push(`${named[1]} ${named[2]}`)
  }
  return found
}

/** Tests whose title begins with the id of a statement: `T1: …`. */
function tests(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  const title = /^\s*(?:test|it)(?:\.each[^\n]*)?\(\s*(['"`])([A-Z]\d+): (.*?)(?<!\\)\1,?\s*/gms
  const files = workspaces().flatMap(folder => (folder === 'house' ? [] : sources(`${folder}/test`)))
  for (const file of files.filter(each => each.endsWith('.test.ts'))) {
    const source = text(file).replace(/((?:test|it)\.each\()\[[\s\S]*?(\]\s*(?:as const)?\)\()/g, '$1$2')
    for (const [, , id = '', words = ''] of source.matchAll(title))
      found.set(id, [...(found.get(id) ?? []), `${file} ${words.replace(/\\(.)/g, '$1')}`])
  }
  return found
}

test('every statement of SPEC.md names the tests that show it, and every such test is named there', () => {
  const named = [...statements()].map(([id, titles]) => [id, [...titles].sort()])
  const written = [...tests()]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([id, titles]) => [id, [...titles].sort()])
  expect(Object.fromEntries(named)).toEqual(Object.fromEntries(written))
})

test('every statement has at least one test', () => {
  expect([...statements()].filter(([, titles]) => titles.length === 0)).toEqual([])
  expect(statements().size).toBeGreaterThan(10)
})
