import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { anchors } from './support/markdown.js'
import { publishedPackages, root, sources, text, tracked } from './support/repository.js'

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

test.each(['packages/alert-sinks', 'packages/prom-bridge'])(
  'every metric of %s is in its README, and no other is',
  folder => {
    // What is no metric: the table that a store makes by default.
    const names = (page: string): readonly string[] =>
      (page.match(/mzalert_\w*[a-z]\b/g) ?? []).filter(name => name !== 'mzalert_state')
    const metrics = new Set(sources(`${folder}/src`).flatMap(file => names(text(file))))
    const documented = new Set(names(text(`${folder}/README.md`)))
    expect(metrics.size).toBeGreaterThan(10)
    expect([...documented].sort()).toEqual([...metrics].sort())
  },
)

test('the programs that the rehearsal of a release runs are in the READMEs', async () => {
  const rehearsal = pathToFileURL(path.join(root, 'scripts/ci/release/readme.mjs')).href
  const { firstPrograms } = (await import(rehearsal)) as {
    firstPrograms: () => Readonly<Record<string, string>>
  }
  for (const [name, program] of Object.entries(firstPrograms()))
    expect(program).toContain(`from '@mzalert/${name}'`)
})

describe('links', () => {
  const pages = tracked().filter(file => file.endsWith('.md') && !file.includes('fixtures/'))
  const links = pages.flatMap(page =>
    [...text(page).matchAll(/\]\((?!mailto:)([^)\s]+)[^)]*\)/g)].map(([, target = '']) => ({
      page,
      target,
      // A page that is published alone leads to the repository by its address.
      ours: /^https:\/\/github\.com\/mzalert\/mzalert\/(?:blob|tree|raw)\/(?:main|HEAD)\/(.+)$/.exec(
        target,
      )?.[1],
    })),
  )

  test('every link of a document into the repository leads somewhere, to a heading that is there', () => {
    const inside = links.filter(({ target, ours }) => ours !== undefined || !/^https?:/.test(target))
    expect(inside.length).toBeGreaterThan(20)
    const broken = inside.filter(({ page, target, ours }) => {
      const [place = '', anchor] = (ours ?? target).split('#')
      const folder = ours === undefined ? path.posix.dirname(page) : '.'
      const file = place === '' ? page : path.posix.join(folder, place)
      if (!existsSync(path.join(root, file))) return true
      return anchor !== undefined && file.endsWith('.md') && !anchors(text(file)).includes(anchor)
    })
    expect(broken).toEqual([])
  })

  test('a README that is published leads out of its package by addresses only', () => {
    const own = publishedPackages().map(folder => `${folder}/README.md`)
    expect(links.filter(({ page, target }) => own.includes(page) && !/^(?:https:|#)/.test(target))).toEqual(
      [],
    )
  })

  test('every page of docs/ is in its index', () => {
    const index = links.filter(({ page }) => page === 'docs/README.md').map(({ target }) => `docs/${target}`)
    const others = pages.filter(page => page.startsWith('docs/') && page !== 'docs/README.md')
    expect(others.length).toBeGreaterThan(20)
    expect(others.filter(page => !index.includes(page))).toEqual([])
  })

  test('every other link is an address, encrypted, or on this machine', () => {
    const wrong = links.filter(({ target }) => {
      if (!/^https?:/.test(target)) return false
      const { protocol, hostname } = new URL(target)
      return protocol !== 'https:' && !['localhost', '127.0.0.1'].includes(hostname)
    })
    expect(wrong).toEqual([])
  })
})
