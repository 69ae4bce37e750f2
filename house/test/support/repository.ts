import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../../../', import.meta.url))

export interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly version?: string
  readonly exports?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

export function text(file: string): string {
  return readFileSync(path.join(root, file), 'utf8')
}

export function manifest(folder: string): Manifest {
  return JSON.parse(text(path.join(folder, 'package.json'))) as Manifest
}

/** Folders of the packages that are published. */
export function publishedPackages(): readonly string[] {
  return readdirSync(path.join(root, 'packages')).map(name => `packages/${name}`)
}

/** Folders with a manifest, except the root's. */
export function workspaces(): readonly string[] {
  const examples = readdirSync(path.join(root, 'examples')).map(name => `examples/${name}`)
  return [...publishedPackages(), ...examples, 'house', 'stack'].filter(folder =>
    statSync(path.join(root, folder, 'package.json'), { throwIfNoEntry: false }),
  )
}

/** TypeScript files below a folder, as paths from the root. */
export function sources(folder: string): readonly string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts') && !file.includes('node_modules') && !file.startsWith('dist/'))
    .map(file => path.posix.join(folder, file.split(path.sep).join('/')))
    .sort()
}

/** What git tracks, or would: everything that is not ignored. */
export function tracked(): readonly string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
  })
  return listed
    .split('\0')
    .filter(file => file !== '' && statSync(path.join(root, file), { throwIfNoEntry: false }))
}

/** Module specifiers of the static imports and re-exports of a file. */
export function imports(file: string): readonly string[] {
  return [...text(file).matchAll(/^(?:import|export)\s(?:[^'"]*?\sfrom\s)?['"]([^'"]+)['"]/gm)].map(
    ([, specifier]) => specifier ?? '',
  )
}
