import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { publishedPackages, root, text, tracked } from './support/repository.js'

describe.each(publishedPackages())('%s', folder => {
  test('every error code is in the README, and the README has no other', () => {
    const [, tuple = ''] = /ErrorCodes = \[([\s\S]*?)\]/.exec(text(`${folder}/src/errors.ts`)) ?? []
    const codes = [...tuple.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code)
    expect(codes.length).toBeGreaterThan(0)
    const [, section = ''] = /\n## Errors\n([\s\S]*?)(?=\n## |$)/.exec(text(`${folder}/README.md`)) ?? []
    const documented = [...section.matchAll(/^\|(.+?)\|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([A-Z_]{4,})`/g)].map(([, code]) => code),
    )
    expect([...documented].sort()).toEqual([...codes].sort())
  })
})

test('every option of tail() is in its README', () => {
  const readme = text('packages/tail-client/README.md')
  const types = text('packages/tail-client/src/types.ts')
  for (const name of ['TailOptions', 'ValueOptions']) {
    const [, body = ''] = new RegExp(`interface ${name}[^{]*\\{([\\s\\S]*?)\\n\\}`).exec(types) ?? []
    const options = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, option]) => option)
    expect(options.length).toBeGreaterThan(2)
    for (const option of options) expect(readme, `${option} of ${name}`).toContain(`\`${option}\``)
  }
})

test('every relative link of a document leads somewhere', () => {
  const broken: string[] = []
  for (const file of tracked().filter(each => each.endsWith('.md') && !each.includes('fixtures/')))
    for (const [, target = ''] of text(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g))
      if (!existsSync(path.join(root, path.dirname(file), target))) broken.push(`${file}: ${target}`)
  expect(broken).toEqual([])
})
