import { execFileSync } from 'node:child_process'
import path from 'node:path'
import type ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { codeOf } from './support/markdown.js'
import { manifest, publishedPackages, root, text, tracked } from './support/repository.js'
import { entries, exported } from './support/surface.js'

/** Of programs that a README names beside ours. */
const ofOthers = ['--package', '--web']

describe.each(publishedPackages())('%s', folder => {
  const readme = text(`${folder}/README.md`)

  test('every option of every function is in the README, or on a page of docs/', () => {
    const pages = tracked().filter(file => /^docs\/.*\.md$/.test(file))
    const words = new Set(
      [readme, ...pages.map(text)].flatMap(codeOf).flatMap(code => code.match(/\w+/g) ?? []),
    )
    const { checker, symbols } = exported(entries(folder))
    const options = symbols
      .filter(({ symbol }) => symbol.name.endsWith('Options'))
      .flatMap(({ symbol }) => ownProperties(symbol, checker).map(name => [symbol.name, name] as const))
    expect(options.length).toBeGreaterThan(5)
    const missing = options.filter(([, name]) => !words.has(name))
    expect(missing.map(([type, name]) => `${name} of ${type}`)).toEqual([])
  })

  test('the README names no option of a program that it does not have', () => {
    const flags = (page: string): readonly string[] => page.match(/(?<![\w-])--[a-z][a-z-]+/g) ?? []
    const programs = Object.values((manifest(folder)['bin'] ?? {}) as Readonly<Record<string, string>>)
    const known = programs.flatMap(program => flags(help(path.join(root, folder, program))))
    expect(flags(readme).filter(flag => !known.includes(flag) && !ofOthers.includes(flag))).toEqual([])
  })
})

test('every key of the configuration of mzalert-exporter is in its README', () => {
  const words = new Set(
    codeOf(text('packages/prom-bridge/README.md')).flatMap(code => code.match(/\w+/g) ?? []),
  )
  const keys = keysOf(JSON.parse(text('packages/prom-bridge/dist/exporter.schema.json')))
  expect(keys.length).toBeGreaterThan(20)
  expect(keys.filter(key => !words.has(key))).toEqual([])
})

/** The names of the properties that are declared by us, of a type or of each part of a union. */
function ownProperties(symbol: ts.Symbol, checker: ts.TypeChecker): readonly string[] {
  const type = checker.getDeclaredTypeOfSymbol(symbol)
  const isOurs = ({ declarations = [] }: ts.Symbol): boolean =>
    declarations.every(each => /\/packages\/[\w-]+\/dist\//.test(each.getSourceFile().fileName))
  const properties = (type.isUnion() ? type.types : [type]).flatMap(part => part.getProperties())
  return [...new Set(properties.filter(isOurs).map(({ name }) => name))]
}

/** The names under `properties`, at any depth of a JSON schema. */
function keysOf(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return []
  return Object.entries(schema).flatMap(([name, part]) => [
    ...(name === 'properties' ? Object.keys(part as object) : []),
    ...keysOf(part),
  ])
}

function help(program: string): string {
  return execFileSync(process.execPath, [program, '--help'], { encoding: 'utf8' })
}
