// Packs every published package, looks at the tarballs with publint and attw, then installs them into an empty project and
// imports and requires every entry, on this Node and on the later ones that npm carries as packages, compiles a program for every
// entry on every release of TypeScript that is supported, and asks npm what is known against what came with them.

import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
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
import { laterNodes } from '../lib/nodes.mjs'
import { root, say, tool } from '../lib/processes.mjs'
import { ensureInstalled } from '../lib/toolchain.mjs'
import { checkTypes } from './packages/types.mjs'

const counted = new Counted()

await ensureInstalled()
const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-packages-'))
try {
  const packages = readdirSync(path.join(root, 'packages'))
  for (const name of packages) {
    await counted.must(`pack ${name}`, () =>
      quietly('pnpm', ['pack', '--pack-destination', folder], path.join(root, 'packages', name)),
    )
    const tarball = path.join(folder, tarballOf(name))
    await counted.check(`publint ${name}`, () => quietly(tool('publint'), ['run', tarball, '--strict']))
    // node10 knows no exports map; every Node that we support does.
    await counted.check(`attw ${name}`, () =>
      quietly(tool('attw'), [tarball, '--profile', 'node16', '--format', 'ascii']),
    )
  }
  const project = path.join(folder, 'project')
  const entries = consumer(project, packages)
  await counted.must('install the tarballs', () => npmInstall(project))
  await audit(project)
  goldenEvents(project)
  const binaries = [['this Node', process.execPath], ...(await laterNodes(counted, folder))]
  for (const [label, node] of binaries) {
    for (const entry of entries) {
      await counted.check(`import ${entry} on ${label}`, () => quietly(node, ['import.mjs', entry], project))
      await counted.check(`require ${entry} on ${label}`, () =>
        quietly(node, ['require.cjs', entry], project),
      )
    }
    await counted.check(`the golden events on ${label}`, () => quietly(node, ['golden.mjs'], project))
  }
  await checkTypes(counted, entries, project, folder)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
counted.finish('packages')

function tarballOf(name) {
  return readdirSync(folder).find(file => file.startsWith(`mzalert-${name}-`))
}

/** What npm knows against the packages that users get; a registry that does not answer that is no fault of theirs, and is said. */
async function audit(project) {
  const { status, stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
    cwd: project,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  const { metadata } = JSON.parse(stdout || '{}')
  if (metadata === undefined) {
    say('NOT CHECKED: the registry does not answer npm audit; nobody looked for known vulnerabilities')
    return
  }
  await counted.check('npm audit knows nothing against what users install', () => {
    if (status !== 0) say(stdout)
    return status
  })
}

/** An empty project that depends on the tarballs and nothing else; gives the entries that it can import. */
function consumer(project, packages) {
  mkdirSync(project)
  const dependencies = {}
  const entries = []
  for (const name of packages) {
    const manifest = JSON.parse(readFileSync(path.join(root, 'packages', name, 'package.json'), 'utf8'))
    dependencies[manifest.name] = `file:${path.join(folder, tarballOf(name))}`
    for (const entry of Object.keys(manifest.exports))
      if (!entry.endsWith('.json')) entries.push(path.posix.join(manifest.name, entry))
  }
  // Packages name each other by version; here every one of them is its tarball.
  const manifest = {
    name: 'consumer',
    private: true,
    dependencies,
    overrides: Object.fromEntries(Object.keys(dependencies).map(name => [name, `$${name}`])),
  }
  writeFileSync(path.join(project, 'package.json'), JSON.stringify(manifest))
  const check = 'if (Object.keys(entry).length === 0) throw new Error("no exports")\n'
  writeFileSync(path.join(project, 'import.mjs'), `const entry = await import(process.argv[2])\n${check}`)
  writeFileSync(path.join(project, 'require.cjs'), `const entry = require(process.argv[2])\n${check}`)
  return entries
}

/** The first events of each scenario must be the same bytes as when their digests were written. */
function goldenEvents(project) {
  copyFileSync(
    path.join(root, 'packages', 'faker-events', 'test', 'golden.json'),
    path.join(project, 'golden.json'),
  )
  writeFileSync(
    path.join(project, 'golden.mjs'),
    `import { createHash } from 'node:crypto'
    import { readFileSync } from 'node:fs'
    import { events, ndjsonLine, scenarios, withFaults } from '@mzalert/faker-events'
    for (const { scenario, options, faults, digest } of JSON.parse(readFileSync('golden.json', 'utf8'))) {
      const all = events(withFaults(scenarios[scenario](options), faults), { from: 1_700_000_000_000 })
      const hash = createHash('sha256')
      for (let count = 0; count < 10_000; count++) hash.update(ndjsonLine(all.next().value))
      const found = hash.digest('hex')
      if (found !== digest) throw new Error(scenario + ' ' + found)
    }
    `,
  )
}
