// Rehearses a release: in a copy of what git tracks, versions it by its changesets, builds it and publishes it into a registry that lives
// for as long as that takes; then installs it from there into an empty project, and runs the README's programs and every command.
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Counted, npmInstall, quietly } from '../lib/counted.mjs'
import { root } from '../lib/processes.mjs'
import { ensureInstalled } from '../lib/toolchain.mjs'
import { runCommands, runPrograms } from './release/programs.mjs'
import { Registry } from './release/registry.mjs'

const counted = new Counted()
await ensureInstalled()
const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-release-'))
let registry
try {
  const copy = path.join(folder, 'copy')
  await counted.must('copy what git tracks', () => copyRepository(copy))
  const task = (name, ...args) =>
    quietly(process.execPath, [path.join('scripts', 'run.mjs'), name, ...args], copy)
  await counted.must('install from the lockfile, frozen', () => task('setup'))
  const before = manifests(copy)
  await counted.must('npm run release:version', () => task('release:version'))
  await counted.check('every package has a version and a changelog, and nothing private has either', () =>
    versioned(copy, before),
  )
  registry = await Registry.start(path.join(folder, 'registry'))
  publishTo(registry, copy)
  // It installs once more, frozen: the lockfile must fit the new versions.
  await counted.must('npm run release:publish', () => task('release:publish', '--no-git-tag'))
  await counted.check('a second one finds nothing to do', () => task('release:publish', '--no-git-tag'))
  const project = path.join(folder, 'project')
  mkdirSync(project)
  writeFileSync(path.join(project, 'package.json'), '{"private":true}')
  writeFileSync(path.join(project, '.npmrc'), `@mzalert:registry=${registry.url}\n`)
  const published = manifests(copy).filter(manifest => !manifest.private)
  await counted.must('install all of them from the registry, into an empty project', () =>
    npmInstall(project, ...published.map(({ name }) => name), 'typescript@6.0', '@types/node@20'),
  )
  await counted.check('what is installed is what was published', () => {
    for (const { name, version } of published) {
      const found = JSON.parse(readFileSync(path.join(project, 'node_modules', name, 'package.json'), 'utf8'))
      if (found.version !== version) throw new Error(`${name} is ${found.version}, not ${version}`)
      const text = JSON.stringify(found.dependencies ?? {})
      if (/workspace:|catalog:/.test(text)) throw new Error(`${name} depends on ${text}`)
    }
  })
  await runCommands(counted, project, published)
  await runPrograms(counted, project)
} finally {
  await registry?.close()
  rmSync(folder, { recursive: true, force: true })
}
counted.finish('release')

/** What git tracks, or would, as a repository of its own with one commit. */
function copyRepository(copy) {
  const git = (args, cwd) => execFileSync('git', args, { cwd, encoding: 'utf8' })
  const files = git(['ls-files', '--cached', '--others', '--exclude-standard', '-z'], root).split('\0')
  for (const file of files.filter(each => each !== '' && existsSync(path.join(root, each)))) {
    mkdirSync(path.dirname(path.join(copy, file)), { recursive: true })
    copyFileSync(path.join(root, file), path.join(copy, file))
  }
  const author = ['-c', 'user.name=rehearsal', '-c', 'user.email=rehearsal@localhost']
  git(['init', '--quiet', '--initial-branch=main'], copy)
  git(['add', '--all'], copy)
  git([...author, 'commit', '--quiet', '--message=everything'], copy)
}

function manifests(copy) {
  const inside = where => readdirSync(path.join(copy, where)).map(name => path.join(where, name))
  return ['house', 'bench', 'stack', ...inside('packages'), ...inside('examples')].map(place => ({
    place,
    ...JSON.parse(readFileSync(path.join(copy, place, 'package.json'), 'utf8')),
  }))
}

/** To this registry, and without provenance: that is signed with the identity of the workflow that publishes, and here there is none. */
function publishTo(registry, copy) {
  writeFileSync(path.join(copy, '.npmrc'), registry.credentials)
  for (const { place, ...manifest } of manifests(copy).filter(({ private: isPrivate }) => !isPrivate)) {
    const { provenance, ...others } = manifest.publishConfig
    if (provenance !== true) throw new Error(`${place} would be published without provenance`)
    const publishConfig = { ...others, registry: registry.url }
    writeFileSync(path.join(copy, place, 'package.json'), JSON.stringify({ ...manifest, publishConfig }))
  }
}

function versioned(copy, before) {
  const wrong = []
  for (const { place, name, version, private: isPrivate = false } of manifests(copy)) {
    const isNew = version !== before.find(manifest => manifest.name === name)?.version
    const hasLog = existsSync(path.join(copy, place, 'CHANGELOG.md'))
    if (isPrivate ? isNew || hasLog : !isNew || !hasLog) wrong.push(`${place} ${version}`)
  }
  const left = readdirSync(path.join(copy, '.changeset')).filter(file => file.endsWith('.md'))
  if (wrong.length + left.length > 0) throw new Error([...wrong, ...left].join('\n'))
}
