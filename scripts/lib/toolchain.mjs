import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { environment, execute, pnpmHome, root, say } from './processes.mjs'

const stamp = path.join(root, 'node_modules', '.mzalert-installed')

/** Brings pnpm and installs from the lockfile; does nothing, and asks nobody, when both are there already. */
export async function ensureInstalled() {
  const pnpm = path.join(pnpmHome, 'node_modules', 'pnpm', 'bin', 'pnpm.cjs')
  const { dependencies } = JSON.parse(readFileSync(path.join(pnpmHome, 'package.json'), 'utf8'))
  if (versionOf(pnpm) !== dependencies.pnpm) {
    say(`bringing pnpm ${dependencies.pnpm} (into scripts/pnpm, nothing global) …`)
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    await must(
      execute(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: pnpmHome, quiet: true }),
      'npm ci',
    )
  }
  const state = installedState()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return
  say('installing from the lockfile …')
  const env = environment({ CI: process.env.CI ?? 'true' })
  const args = [
    pnpm,
    'install',
    '--frozen-lockfile',
    '--prefer-offline',
    '--reporter=append-only',
    '--config.confirm-modules-purge=false',
  ]
  await must(execute(process.execPath, args, { env, quiet: true }), 'pnpm install')
  mkdirSync(path.dirname(stamp), { recursive: true })
  writeFileSync(stamp, state)
}

function versionOf(pnpm) {
  const manifest = path.join(path.dirname(pnpm), '..', 'package.json')
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : undefined
}

/** What an install depends on: lockfile, workspace, manifests, and the Node that runs it. */
function installedState() {
  const hash = createHash('sha256')
    .update(process.versions.modules)
    .update(process.platform + process.arch)
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests()])
    hash.update(file).update(readFileSync(path.join(root, file)))
  return hash.digest('hex')
}

function manifests() {
  const inside = folder =>
    existsSync(path.join(root, folder))
      ? readdirSync(path.join(root, folder)).map(name => `${folder}/${name}`)
      : []
  return ['house', 'stack', 'bench', ...inside('packages'), ...inside('examples')]
    .map(folder => `${folder}/package.json`)
    .filter(file => existsSync(path.join(root, file)))
    .sort()
}

async function must(exit, what) {
  const code = await exit
  if (code !== 0) throw new Error(`${what} failed with exit code ${code}; its output is above`)
}
