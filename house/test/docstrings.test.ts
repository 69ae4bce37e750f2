import ts from 'typescript'
import { expect, test } from 'vitest'
import { publishedPackages } from './support/repository.js'
import { entries, exported } from './support/surface.js'

test('everything that a package exports has a docstring in what is published', () => {
  const { checker, symbols } = exported(publishedPackages().flatMap(entries))
  const undocumented = symbols
    .filter(({ symbol }) => ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() === '')
    .map(({ entry, symbol }) => `${entry} ${symbol.name}`)
  expect(symbols.length).toBeGreaterThan(100)
  expect(undocumented).toEqual([])
})
