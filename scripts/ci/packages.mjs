// Packs every published package, looks at the tarballs with publint and attw, then installs them into an empty project and
// imports and requires every entry, on this Node and on the later ones that npm carries as packages, and compiles a program on
// every release of TypeScript that is supported.
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
import { environment, execute, root, say, tool } from '../lib/processes.mjs'
import { writeReport } from '../lib/reports.mjs'
import { ensureInstalled } from '../lib/toolchain.mjs'

const nodes = ['22', '24']
const compilers = ['5.7', '5.8', '5.9', '6.0']
const counts = { passed: 0, failed: 0 }

await ensureInstalled()
const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-packages-'))
try {
  const packages = readdirSync(path.join(root, 'packages'))
  for (const name of packages) {
    await counted(`pack ${name}`, () =>
      quietly('pnpm', ['pack', '--pack-destination', folder], path.join(root, 'packages', name)),
    )
    const tarball = path.join(
      folder,
      readdirSync(folder).find(file => file.startsWith(`mzalert-${name}-`)),
    )
    await counted(`publint ${name}`, () => quietly(tool('publint'), ['run', tarball, '--strict']))
    // node10 knows no exports map; every Node that we support does.
    await counted(`attw ${name}`, () =>
      quietly(tool('attw'), [tarball, '--profile', 'node16', '--format', 'ascii']),
    )
  }
  const project = path.join(folder, 'project')
  const entries = consumer(project, packages, folder)
  await counted('install the tarballs', () =>
    quietly('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], project),
  )
  goldenEvents(project)
  const binaries = [['this Node', process.execPath], ...(await laterNodes(folder))]
  for (const [label, node] of binaries)
    for (const entry of entries) {
      await counted(`import ${entry} on ${label}`, () => quietly(node, ['import.mjs', entry], project))
      await counted(`require ${entry} on ${label}`, () => quietly(node, ['require.cjs', entry], project))
    }
  for (const [label, node] of binaries)
    await counted(`the golden events on ${label}`, () => quietly(node, ['golden.mjs'], project))
  for (const version of compilers) await typed(version, project, folder)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
writeReport('packages', counts)
say(`packages: ${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed > 0 ? 1 : 0

async function counted(what, run) {
  const code = await run()
  counts[code === 0 ? 'passed' : 'failed']++
  say(`${code === 0 ? 'ok' : 'FAILED'}: ${what}`)
}

function quietly(command, args, cwd = root) {
  return execute(command, args, { cwd, env: environment(), quiet: true })
}

/** An empty project that depends on the tarballs and nothing else; gives the entries that it can import. */
function consumer(project, packages, tarballs) {
  mkdirSync(project)
  const dependencies = {}
  const entries = []
  for (const name of packages) {
    const manifest = JSON.parse(readFileSync(path.join(root, 'packages', name, 'package.json'), 'utf8'))
    dependencies[manifest.name] = `file:${path.join(
      tarballs,
      readdirSync(tarballs).find(file => file.startsWith(`mzalert-${name}-`)),
    )}`
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

/** A program from the README, as ESM and as CommonJS, with the declarations that are published and a release of TypeScript. */
async function typed(version, project, folder) {
  const home = path.join(folder, `typescript-${version}`)
  mkdirSync(home)
  writeFileSync(path.join(home, 'package.json'), '{"private":true}')
  await counted(`get TypeScript ${version}`, () =>
    quietly(
      'npm',
      [
        'install',
        `typescript@~${version}.0`,
        '@types/node@20',
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
      ],
      home,
    ),
  )
  const program = `import { relation, sql, tail, tailAll, type Relation } from '@mzalert/tail-client'
interface Alert { readonly alert_cond: string; readonly labels: string | null }
const alerts: Relation<Alert> = relation('organization_alert', [{ name: 'alert_cond', oid: 25 }, { name: 'labels', oid: 25 }])
const connection = 'postgres://materialize@localhost:6875/materialize'
export async function run(): Promise<void> {
  for await (const { row } of tail(alerts, { connection, columnNames: 'camelCase' })) { const text: string = row.alertCond; void text }
  for await (const change of tail<Alert>(sql\`select 1\`, { connection }).changes({ key: 'labels' })) void change.previous?.labels
  // @ts-expect-error: no such column
  for await (const { row } of tail(alerts, { connection })) void row.nope
  for await (const { updates } of tailAll({ a: tail(alerts, { connection }) })) void updates.a[0]?.row.labels
}
`
  for (const extension of ['mts', 'cts']) {
    const file = path.join(project, `program.${extension}`)
    writeFileSync(file, program)
    const compilerOptions = {
      noEmit: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      types: ['node'],
      typeRoots: [path.join(home, 'node_modules/@types')],
    }
    const config = path.join(project, `tsconfig.${extension}.json`)
    writeFileSync(config, JSON.stringify({ compilerOptions, files: [file] }))
    await counted(`types of tail-client in ${extension} on TypeScript ${version}`, () =>
      quietly(process.execPath, [path.join(home, 'node_modules/typescript/bin/tsc'), '-p', config], project),
    )
  }
}

/** Node binaries that npm carries as packages, for this platform; none elsewhere. */
async function laterNodes(folder) {
  const found = []
  for (const version of nodes) {
    const name = `node-${process.platform}-${process.arch}`
    const home = path.join(folder, `node-${version}`)
    mkdirSync(home)
    writeFileSync(path.join(home, 'package.json'), '{"private":true}')
    await counted(`get Node ${version}`, () =>
      quietly('npm', ['install', `${name}@${version}`, '--no-audit', '--no-fund', '--loglevel=error'], home),
    )
    found.push([`Node ${version}`, path.join(home, 'node_modules', name, 'bin', 'node')])
  }
  return found
}
