import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { closure } from './support/closure.js'
import { tableBelow } from './support/markdown.js'
import { manifest, publishedPackages, text } from './support/repository.js'

const page = text('docs/dependencies.md')
const folders = publishedPackages()
const closures = folders.map(folder => [folder, closure(folder)] as const)
const everything = new Map(closures.flatMap(([, found]) => [...found]))
const direct = new Set(
  folders.flatMap(folder => Object.keys(manifest(folder).dependencies ?? {})).filter(name => !isOurs(name)),
)

describe('docs/dependencies.md', () => {
  test('counts what is installed with each package', () => {
    const counted = closures.map(([folder, found]) => [`\`${manifest(folder).name}\``, String(found.size)])
    expect(tableBelow(page, 'How many').map(([name, , all]) => [name, all])).toEqual(counted)
    const own = folders.map(folder =>
      Object.keys(manifest(folder).dependencies ?? {}).map(name => `\`${name}\``),
    )
    expect(tableBelow(page, 'How many').map(([, names]) => names)).toEqual(own.map(names => names.join(', ')))
  })

  test('gives a reason and the licence of every dependency of ours', () => {
    const rows = tableBelow(page, 'Ours, and why')
    expect(rows.map(([name, licence]) => [name, licence])).toEqual(
      [...direct].sort().map(name => [`\`${name}\``, everything.get(name)?.licence]),
    )
    for (const [name, , why = ''] of rows) expect(why.length, name).toBeGreaterThan(20)
  })

  test('lists what they bring, by whom and under which licence', () => {
    const brought = [...everything.values()].filter(({ name }) => !direct.has(name))
    const by = (name: string): string =>
      [...direct]
        .filter(each => closures.some(([, found]) => found.get(name)?.broughtBy.includes(each)))
        .sort()
        .join(', ')
    expect(tableBelow(page, 'What they bring')).toEqual(
      brought
        .sort((a, b) => a.name.localeCompare(b.name))
        .map(({ name, licence }) => [`\`${name}\``, licence, by(name)]),
    )
  })
})

test('everything that users install is under a permissive licence', () => {
  const permissive = ['MIT', 'ISC', 'BSD-3-Clause', 'Apache-2.0']
  expect([...everything.values()].filter(({ licence }) => !permissive.includes(licence))).toEqual([])
})

test('nothing that users install runs a script for it, and nothing here may', () => {
  expect([...everything.values()].filter(({ installScripts }) => installScripts.length > 0)).toEqual([])
  const { onlyBuiltDependencies } = parse(text('pnpm-workspace.yaml')) as { onlyBuiltDependencies: unknown }
  expect(onlyBuiltDependencies).toEqual([])
})

function isOurs(name: string): boolean {
  return name.startsWith('@mzalert/')
}
