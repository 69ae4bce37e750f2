import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { manifest, publishedPackages, text, tracked, workspaces } from './support/repository.js'

interface Workspace {
  readonly catalog: Readonly<Record<string, string>>
  readonly catalogs: { readonly published: Readonly<Record<string, string>> }
}

interface Lockfile {
  readonly catalogs: Readonly<Record<string, Readonly<Record<string, { readonly version: string }>>>>
}

const {
  catalog,
  catalogs: { published },
} = parse(text('pnpm-workspace.yaml')) as Workspace

test('versions live in the catalogs, and manifests only point to them', () => {
  const used = new Set<string>()
  for (const folder of [...workspaces(), 'bench']) {
    const { dependencies = {}, devDependencies = {}, peerDependencies = {} } = manifest(folder)
    const ours = folder.startsWith('packages/') ? 'catalog:published' : 'catalog:'
    for (const [kind, group] of [
      [ours, dependencies],
      ['catalog:', devDependencies],
    ] as const)
      for (const [name, range] of Object.entries(group)) {
        const wanted = name.startsWith('@mzalert/') ? 'workspace:^' : kind
        expect(`${folder} ${name} ${range}`).toBe(`${folder} ${name} ${wanted}`)
        used.add(`${range} ${name}`)
      }
    for (const name of Object.keys(peerDependencies)) used.add(`catalog: ${name}`)
  }
  expect(Object.keys(catalog).filter(name => !used.has(`catalog: ${name}`))).toEqual([])
  expect(Object.keys(published).filter(name => !used.has(`catalog:published ${name}`))).toEqual([])
})

test('tools are exact; what a published package asks of its users is a range that begins at the tested version', () => {
  const { catalogs } = parse(text('pnpm-lock.yaml')) as Lockfile
  for (const [name, version] of Object.entries(catalog)) expect(version, name).toMatch(/^\d+\.\d+\.\d+$/)
  // The same seed gives the same bytes only with the same lists of names.
  const exact = ['@faker-js/faker']
  for (const [name, range] of Object.entries(published)) {
    const version = catalogs['published']?.[name]?.version
    expect(`${name} ${range}`).toBe(`${name} ${exact.includes(name) ? '' : '^'}${version}`)
    expect(catalog[name] ?? version, `${name} in both catalogs`).toBe(version)
  }
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
      homepage: expect.stringContaining(`/${folder}#readme`),
      bugs: expect.stringMatching(/^https:.*\/issues$/),
      repository: { directory: folder },
    })
    // Nothing of ours runs when it is installed.
    expect(Object.keys(published['scripts'] ?? {})).toEqual(['build', 'check'])
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
