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
    ['types', 'errors'],
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

/** Files that may touch sockets, HTTP, files, processes or threads; everything else is pure. */
const edges =
  /(^|\/)(connection|cancel|socket|server|handler|worker|worker-backend|prepare|cache|engine|proxy|answer-handler|stream-handler|recorder|cli|main|lock|receiver)\.ts$|\/(sinks|stores)\//
const effects =
  /^(node:)?(net|tls|http|https|fs|fs\/promises|child_process|worker_threads|dgram|pg|pg-copy-streams|@electric-sql\/pglite)$/

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
      file => !edges.test(file) && imports(file).some(specifier => effects.test(specifier)),
    )
    expect(wrong).toEqual([])
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

function layerOf(folder: string, file: string): number {
  const inside = file.slice(`${folder}/src/`.length)
  const top = inside.includes('/') ? inside.slice(0, inside.indexOf('/')) : inside.replace(/\.ts$/, '')
  return (layers[folder] ?? []).findIndex(layer => layer.includes(top))
}
