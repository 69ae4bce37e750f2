import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { publishedPackages, root, text } from './support/repository.js'

describe.each(publishedPackages())('%s', folder => {
  const name = path.posix.basename(folder)

  test('the public surface is what it was; update the snapshot when the change is meant', async () => {
    const dist = path.join(root, folder, 'dist')
    const files = existsSync(dist) ? readdirSync(dist).filter(file => file.endsWith('.d.ts')) : []
    expect(files, `${folder}/dist has no declarations: npm run build`).toContain('index.d.ts')
    const surface = files.sort().map(file => withoutComments(text(`${folder}/dist/${file}`)))
    await expect(surface.join('\n')).toMatchFileSnapshot(`../surface/${name}.txt`)
  })

  test('import and require give the same names, and importing does nothing else', async () => {
    const before = process.getActiveResourcesInfo().length
    const esm = (await import(pathToFileURL(path.join(root, folder, 'dist/index.js')).href)) as object
    const cjs = createRequire(import.meta.url)(path.join(root, folder, 'dist/index.cjs')) as object
    expect(Object.keys(cjs).sort()).toEqual(Object.keys(esm).sort())
    expect(Object.keys(esm)).not.toContain('default')
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before)
  })
})

function withoutComments(declarations: string): string {
  return (
    declarations
      .replace(/\/\*\*[\s\S]*?\*\/\n?/g, '')
      // What entries share is in a file whose name is a hash of its contents.
      .replace(/-[\w-]{8}\.js'/g, ".js'")
      .replace(/^(?:import|export type) \{ .* \}/gm, withoutAliases)
      .split('\n')
      .filter(line => line.trim() !== '')
      .join('\n')
  )
}

/** The letters by which two files of one build know a name say nothing, and change with every other name. */
function withoutAliases(line: string): string {
  const [, before = '', names = ''] = /^(.*\{ )(.*) \}$/.exec(line) ?? []
  const plain = names.split(', ').map(name => name.replace(/ as \w$/, '').replace(/^\w as /, ''))
  return `${before}${plain.sort().join(', ')} }`
}
