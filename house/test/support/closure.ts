import { existsSync, readdirSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { type Manifest, manifest, root } from './repository.js'

/** A package that comes with one of ours, as it is installed here from the lockfile. */
export interface Installed {
  readonly name: string
  readonly version: string
  readonly licence: string
  /** What npm would run when a user installs it. */
  readonly installScripts: readonly string[]
  /** The direct dependencies of ours that bring it. */
  readonly broughtBy: readonly string[]
}

/** Everything that is installed with a published package, except packages of ours, by name. */
export function closure(folder: string): ReadonlyMap<string, Installed> {
  const found = new Map<string, Installed>()
  const walk = (place: string, name: string, direct: string): void => {
    const home = resolve(place, name)
    const own = manifest(path.relative(root, home))
    const before = found.get(name)
    if (before?.broughtBy.includes(direct)) return
    if (!name.startsWith('@mzalert/'))
      found.set(name, installed(home, own, [...(before?.broughtBy ?? []), direct]))
    for (const next of runtime(own)) walk(home, next, name.startsWith('@mzalert/') ? next : direct)
  }
  for (const name of runtime(manifest(folder))) walk(path.join(root, folder), name, name)
  return new Map([...found].sort(([a], [b]) => a.localeCompare(b)))
}

function installed(home: string, own: Manifest, broughtBy: readonly string[]): Installed {
  const scripts = Object.keys(own['scripts'] ?? {}).filter(name => /^(pre|post)?install$/.test(name))
  // npm builds what has this file, without being told.
  const native = readdirSync(home).filter(file => file === 'binding.gyp')
  return {
    name: own.name,
    version: String(own.version),
    licence: String(own['license']),
    installScripts: [...scripts, ...native],
    broughtBy,
  }
}

function runtime(own: Manifest): readonly string[] {
  return Object.keys({ ...own.dependencies, ...(own['optionalDependencies'] as object | undefined) })
}

function resolve(place: string, name: string): string {
  for (let folder = place; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'node_modules', name)
    if (existsSync(candidate)) return realpathSync(candidate)
    if (folder === path.dirname(folder)) throw new Error(`${name} is not installed for ${place}`)
  }
}
