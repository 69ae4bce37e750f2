import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { manifest, publishedPackages, root, text } from './support/repository.js'

interface Packed {
  readonly files: readonly { readonly path: string }[]
}

describe.each(publishedPackages())('%s', folder => {
  const files = packed(folder)

  test('what is published is what it was; update the snapshot when the change is meant', async () => {
    // What entries share is in files whose names are hashes of their contents.
    const names = files.map(file => file.replace(/-[\w-]{8}(\.[.a-z]+)$/, '$1'))
    const list = [...new Set(names)].sort().join('\n')
    await expect(`${list}\n`).toMatchFileSnapshot(`../surface/${path.posix.basename(folder)}.files.txt`)
  })

  test('everything that the manifest names is in it, and nothing of what users cannot reach', () => {
    const { main, module, types, exports, bin = {} } = manifest(folder)
    const named = [main, module, types, ...targets(exports), ...targets(bin)].map(target =>
      path.posix.normalize(String(target)),
    )
    for (const target of named) expect(files).toContain(target)
    const roots = files.filter(file => file.startsWith('dist/') && !/-[\w-]{8}\.[.a-z]+$/.test(file))
    // The engine starts its worker by its file's name.
    expect(roots.filter(file => !named.includes(file) && file !== 'dist/worker.js')).toEqual([])
  })

  test('its programs can be run by their name', () => {
    for (const target of targets(manifest(folder)['bin'] ?? {}))
      expect(text(path.posix.join(folder, target)).split('\n')[0]).toBe('#!/usr/bin/env node')
  })
})

function packed(folder: string): readonly string[] {
  const printed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: path.join(root, folder),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32',
  })
  return (JSON.parse(printed) as readonly Packed[]).flatMap(({ files }) => files.map(file => file.path))
}

/** The files that a part of a manifest points to. */
function targets(part: unknown): readonly string[] {
  if (typeof part === 'string') return [part]
  return Object.values(part as object).flatMap(targets)
}
