import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { imports, publishedPackages, sources, text, workspaces } from './support/repository.js'

/** Per package, its layers in the order in which data flows: files or folders of `src/`. A file imports only from its own or an earlier one. */
const layers: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'packages/tail-client': [
    ['types', 'errors', 'steps'],
    ['failures', 'clock'],
    ['wire', 'copy'],
    ['log'],
    ['rows', 'sql'],
    ['stream'],
    [
      'resume',
      'retry-gate',
      'watchdog',
      'options',
      'events',
      'collection',
      'schema',
      'streams',
      'token',
      'stores',
    ],
    ['checkpoint', 'session'],
    ['reception'],
    ['batch', 'copy-stream'],
    ['iterate'],
    ['tail'],
    ['together'],
    ['index', 'testing'],
    ['cli'],
  ],
  'packages/faker-events': [
    ['types', 'errors', 'retryable'],
    ['options'],
    ['random', 'distributions', 'clock'],
    ['define'],
    ['faults'],
    ['scenarios'],
    ['sinks'],
    ['retry', 'due', 'run'],
    ['program', 'index'],
    ['cli'],
  ],
  'packages/local-engine': [
    ['types', 'errors'],
    ['wire'],
    ['evaluate'],
    ['stream'],
    ['engine'],
    ['worker', 'index'],
    ['cli'],
  ],
  'packages/prom-bridge': [
    ['types', 'errors', 'timers'],
    ['series'],
    ['exposition'],
    ['registry', 'page'],
    ['bridge'],
    ['index', 'push', 'remote-write'],
    ['exporter'],
    ['cli'],
  ],
  'packages/alert-sinks': [
    ['types', 'errors'],
    ['alerts'],
    ['lifecycle'],
    ['delivery', 'stores'],
    ['sinks', 'metrics'],
    ['notify'],
    ['index', 'testing'],
  ],
}

/** Files that may touch sockets, HTTP, files, processes, threads and clocks, by their names; the rest is pure. */
const edges = [
  'answer-handler',
  'cache',
  'cancel',
  'cli',
  'connection',
  'engine',
  'handler',
  'lock',
  'main',
  'prepare',
  'proxy',
  'receiver',
  'recorder',
  'server',
  'sinks/*',
  'socket',
  'stores/*',
  'stream-handler',
  'worker',
  'worker-backend',
]
const effects =
  /^(node:)?(net|tls|http|https|fs|fs\/promises|child_process|worker_threads|dgram|pg|pg-copy-streams|@electric-sql\/pglite)$/

/** What tells the time, waits, draws or asks the network without an import. To hand one of them on as a default is no call. */
const ambient =
  /(?<![.#\w])(?:setTimeout|setInterval|fetch)\(|\b(?:Date\.now|Math\.random|performance\.now)\(|new Date\(\)/

/** Files that call them nevertheless, and why. `clock.ts` is what the others are given. */
const ambientAllowed: Readonly<Record<string, string>> = {
  'packages/alert-sinks/src/testing/conformance.ts': 'a sink under test is given real time to end in',
  'packages/faker-events/src/program/program.ts': 'the program itself: how long it took',
  'packages/faker-events/src/program/progress.ts': 'the program itself: its line of progress',
  'packages/local-engine/src/evaluate/postgres-backend.ts':
    "spaces out attempts to reach a lost server; wants the engine's clock",
  'packages/prom-bridge/src/bridge/restart.ts': 'waits before a stream is opened again; wants a clock',
  'packages/prom-bridge/src/page/script.ts': 'runs in the browser',
  'packages/prom-bridge/src/remote-write.ts': 'is an edge in all but its name; wants a clock',
}

describe.each(publishedPackages())('%s', folder => {
  const files = sources(`${folder}/src`)

  test('every file has a layer, and imports only from its own layer or an earlier one', () => {
    const wrong: string[] = []
    for (const file of files) {
      const own = layerOf(folder, file)
      if (own < 0) wrong.push(`${file} has no layer`)
      for (const specifier of imports(file).filter(each => each.startsWith('.'))) {
        const target = path.posix.join(path.posix.dirname(file), specifier.replace(/\.js$/, '.ts'))
        if (!files.includes(target)) wrong.push(`${file} imports ${specifier}, which is not in src/`)
        else if (layerOf(folder, target) > own) wrong.push(`${file} imports ${target}, which comes later`)
      }
    }
    expect(wrong).toEqual([])
  })

  test('only the edges touch the world', () => {
    const wrong = files.filter(
      file => !isEdge(file) && imports(file).some(specifier => effects.test(specifier)),
    )
    expect(wrong).toEqual([])
  })

  test('clock, randomness and the network are parameters everywhere else', () => {
    const found = files.filter(
      file => !isEdge(file) && !/\/clock\.ts$/.test(file) && ambient.test(withoutComments(text(file))),
    )
    const allowed = Object.keys(ambientAllowed).filter(file => file.startsWith(`${folder}/`))
    // Both ways: an exception that nobody needs is taken off the list.
    expect(found).toEqual(allowed)
  })

  test('no file has more than 350 lines', () => {
    expect(files.filter(file => text(file).split('\n').length > 351)).toEqual([])
  })
})

test('packages know only earlier packages, and examples only the public surface', () => {
  const allowed: Readonly<Record<string, readonly string[]>> = {
    '@mzalert/prom-bridge': ['@mzalert/tail-client'],
    '@mzalert/alert-sinks': ['@mzalert/tail-client'],
    // What stands in for Materialize in the tests of the chain.
    '@mzalert/stack': ['@mzalert/local-engine'],
  }
  const wrong: string[] = []
  for (const folder of workspaces().filter(each => each !== 'house')) {
    const isExample = folder.startsWith('examples/')
    for (const file of sources(`${folder}/src`))
      for (const specifier of imports(file)) {
        if (
          specifier.startsWith('.') &&
          !path.posix.join(path.posix.dirname(file), specifier).startsWith(`${folder}/`)
        )
          wrong.push(`${file} reaches out to ${specifier}`)
        if (!specifier.startsWith('@mzalert/')) continue
        const name = `@mzalert/${path.posix.basename(folder)}`
        if (!isExample && !allowed[name]?.includes(specifier)) wrong.push(`${file} imports ${specifier}`)
        if (specifier.split('/').length > 2 && !specifier.endsWith('/testing'))
          wrong.push(`${file} imports the inside of a package: ${specifier}`)
      }
  }
  expect(wrong).toEqual([])
})

test('CONTRIBUTING.md tells of the same layers and the same edges', () => {
  const contributing = text('CONTRIBUTING.md')
  for (const folder of publishedPackages()) {
    const line = new RegExp(`^ {4}${path.posix.basename(folder)} +((?:.+)(?:\\n {10,}.+)*)`, 'm')
    const told = (line.exec(contributing)?.[1] ?? '')
      .split('<')
      .map(layer => layer.split(',').map(name => name.trim()))
    expect(told, folder).toEqual(layers[folder])
  }
  const [, list = ''] = /say so in their name\s+\(([^)]+)\)/.exec(contributing) ?? []
  expect([...list.matchAll(/`([\w/*-]+)`/g)].map(([, name]) => name)).toEqual(edges)
})

function isEdge(file: string): boolean {
  const name = path.posix.basename(file, '.ts')
  return edges.some(edge => (edge.endsWith('/*') ? file.includes(`/${edge.slice(0, -1)}`) : edge === name))
}

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '')
}

function layerOf(folder: string, file: string): number {
  const inside = file.slice(`${folder}/src/`.length)
  const top = inside.includes('/') ? inside.slice(0, inside.indexOf('/')) : inside.replace(/\.ts$/, '')
  return (layers[folder] ?? []).findIndex(layer => layer.includes(top))
}
