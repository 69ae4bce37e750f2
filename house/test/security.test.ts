import { describe, expect, test } from 'vitest'
import { tableBelow } from './support/markdown.js'
import { sources, text, workspaces } from './support/repository.js'

const page = text('docs/security.md')
const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, heading = '']) => heading)

/** The titles of all tests, by the last part of their workspace's folder, without the ids of statements. */
const titles = new Map(
  workspaces().map(folder => {
    const files = folder === 'house' ? [] : sources(`${folder}/test`)
    const found = files.flatMap(file =>
      [...text(file).matchAll(/(['"`])(?:[A-Z]\d+: )?((?:\\.|(?!\1)[^\\\n])+)\1/g)].map(([, , title = '']) =>
        title.replace(/\\(.)/g, '$1'),
      ),
    )
    return [folder.split('/').pop() ?? '', new Set(found)] as const
  }),
)

test('docs/security.md has a table for each who could do harm', () => {
  expect(headings).toEqual([
    'A hostile row',
    'A hostile server',
    'A hostile scraper',
    'A hostile receiver',
    'Credentials',
  ])
})

describe.each(headings)('%s', heading => {
  test('every line names a test that is there', () => {
    for (const [attack, outcome = '', shown = ''] of tableBelow(page, heading)) {
      expect(outcome, attack).not.toBe('')
      const [, place = '', title = ''] = /^([\w-]+): (.+)$/.exec(shown) ?? []
      expect(titles.get(place)?.has(title), `a test of ${place} with the title: ${title}`).toBe(true)
    }
  })
})
