import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { manifest, publishedPackages, text, tracked, workspaces } from './support/repository.js'

const catalog = (parse(text('pnpm-workspace.yaml')) as { catalog: Record<string, string> }).catalog

test('versions live in the catalog, exact, and manifests only point to it', () => {
  for (const version of Object.values(catalog)) expect(version).toMatch(/^\d+\.\d+\.\d+$/)
  const used = new Set<string>()
  for (const folder of [...workspaces(), 'bench']) {
    const { dependencies = {}, devDependencies = {}, peerDependencies = {} } = manifest(folder)
    for (const [name, range] of Object.entries({ ...dependencies, ...devDependencies })) {
      expect(`${folder} ${name} ${range}`).toBe(
        `${folder} ${name} ${name.startsWith('@mzalert/') ? 'workspace:^' : 'catalog:'}`,
      )
      used.add(name)
    }
    for (const name of Object.keys(peerDependencies)) used.add(name)
  }
  expect(Object.keys(catalog).filter(name => !used.has(name))).toEqual([])
})

test('the lockfile has the native parts of our tools for other systems, too', () => {
  interface Locked {
    readonly os?: readonly string[]
    readonly cpu?: readonly string[]
  }
  const { packages } = parse(text('pnpm-lock.yaml')) as { packages: Readonly<Record<string, Locked>> }
  const native = Object.entries(packages).filter(([, { os }]) => os !== undefined)
  const families = new Set(
    native.filter(([, { os }]) => os?.includes('linux')).map(([name]) => name.split(/linux/)[0] ?? name),
  )
  expect(families.size).toBeGreaterThan(3)
  const has = (family: string, system: string, machine: string): boolean =>
    native.some(
      ([name, { os, cpu }]) => name.startsWith(family) && os?.includes(system) && cpu?.includes(machine),
    )
  const missing = [...families].flatMap(family =>
    [
      ['darwin', 'arm64'],
      ['linux', 'x64'],
      ['win32', 'x64'],
    ].flatMap(([system = '', machine = '']) => (has(family, system, machine) ? [] : [`${family} ${system}`])),
  )
  expect(missing).toEqual([])
})

test('the root depends on nothing, so that npm install there only brings the tools', () => {
  const root = manifest('.')
  expect(root.dependencies).toBeUndefined()
  expect(root.devDependencies).toBeUndefined()
  const pnpm = manifest('scripts/pnpm').dependencies?.['pnpm']
  expect(root['packageManager']).toBe(`pnpm@${pnpm}`)
})

test('what is published is complete: licence, repository, engines, types for both formats', () => {
  for (const folder of publishedPackages()) {
    const published = manifest(folder)
    expect(published).toMatchObject({
      license: 'MIT',
      engines: { node: '>=20.19' },
      files: ['dist'],
      publishConfig: { access: 'public', provenance: true },
      repository: { directory: folder },
    })
    // Only a file that is a thread's program does something when it is loaded.
    expect(
      [published['sideEffects']].flat().filter(each => each !== false && !/worker/.test(String(each))),
    ).toEqual([])
    expect(text(`${folder}/LICENSE`)).toBe(text('LICENSE'))
    expect(text(`${folder}/README.md`)).toContain(`# ${published.name}\n`)
    for (const [entry, target] of Object.entries(published.exports ?? {})) {
      if (entry.endsWith('.json')) continue

      expect(Object.keys(target as object)).toEqual(['import', 'require'])
    }
  }
})

test('every changeset is for a published package and says something', () => {
  const names = publishedPackages().map(folder => manifest(folder).name)
  for (const file of tracked().filter(
    each => /^\.changeset\/.*\.md$/.test(each) && !each.endsWith('README.md'),
  )) {
    const [, head = '', words = ''] = /^---\n([\s\S]*?)\n---\n\n([\s\S]+)$/.exec(text(file)) ?? []
    expect(words.trim(), file).not.toBe('')
    for (const line of head.split('\n')) {
      const [, name, bump] = /^'(.+)': (patch|minor|major)$/.exec(line) ?? []
      expect(names, `${file}: ${line}`).toContain(name)
      expect(bump).toBeDefined()
    }
  }
})

test('nothing in the repository speaks of a machine, or of the host of a registry', () => {
  const hosts = new RegExp(
    ['registry\\.npm' + 'js', 'static\\.crates', 'repo1?\\.maven', 'proxy\\.golang'].join('|'),
  )
  const places = new RegExp(['/wo' + 'rk/', '/fa' + 'rm/', '\\.\\./sha' + 'red'].join('|'))
  const wrong = tracked().filter(
    file => !/fixtures\/golden\/.*json$/.test(file) && (hosts.test(text(file)) || places.test(text(file))),
  )
  expect(wrong).toEqual([])
})
