import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Block, blocks } from './support/markdown.js'
import { root, text, tracked, workspaces } from './support/repository.js'

const pages = tracked().filter(file => file.endsWith('.md') && !/^\.changeset|fixtures\//.test(file))
const shown = pages.flatMap(page => blocks(text(page)).map(block => ({ page, ...block })))
let folder = ''

beforeAll(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'mzalert-snippets-')))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

test('every program in the documentation compiles, against what is published', () => {
  linkPackages(path.join(folder, 'node_modules'))
  const declared = ['given', 'others'].map(name => {
    const file = path.join(folder, `${name}.d.ts`)
    copyFileSync(path.join(root, `house/test/support/${name}.d.ts`), file)
    return file
  })
  const places = new Map<string, string>()
  for (const { page, language, code, line } of shown)
    if (language === 'ts') {
      const file = path.join(folder, `snippet${places.size}.mts`)
      // A value that is shown alone stands in brackets, or it would be a block of statements.
      writeFileSync(
        file,
        /^[{[]/.test(code) ? `void (${code.trimEnd()}\n)\nexport {}\n` : `${code}\nexport {}\n`,
      )
      places.set(file, `${page}:${line}`)
    }
  expect(places.size).toBeGreaterThan(20)
  const program = ts.createProgram([...declared, ...places.keys()], {
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    types: ['node'],
    typeRoots: [path.join(folder, 'node_modules/@types')],
  })
  const wrong = ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const at = file?.getLineAndCharacterOfPosition(start).line ?? 0
    const [page = file?.fileName, line] = places.get(file?.fileName ?? '')?.split(':') ?? []
    return `${page}:${Number(line ?? 0) + at} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
  })
  expect(wrong).toEqual([])
}, 120_000)

const configurations = shown.filter(isConfiguration)

test('there are configurations of mzalert-exporter in the documentation', () => {
  expect(configurations.length).toBeGreaterThan(0)
})

test.each(configurations)(
  'the configuration at $page:$line is one that mzalert-exporter takes',
  ({ code }) => {
    const file = path.join(folder, 'alerts.yaml')
    writeFileSync(file, code)
    const variables = [...code.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => [name, 'x'])
    const { status, stderr, stdout } = spawnSync(
      process.execPath,
      [path.join(root, 'packages/prom-bridge/dist/cli.js'), '--config', file, '--check-config'],
      { encoding: 'utf8', env: { ...process.env, ...Object.fromEntries(variables) } },
    )
    expect(`${stdout}${stderr}`).not.toContain('is not known')
    expect(status, `${stdout}${stderr}`).toBe(0)
  },
)

function isConfiguration({ language, code }: Block): boolean {
  return /^ya?ml$/.test(language) && /^connections:/m.test(code) && /^views:/m.test(code)
}

/** Everything that any workspace can import, so that a page can show it. */
function linkPackages(modules: string): void {
  mkdirSync(path.join(modules, '@types'), { recursive: true })
  const link = (target: string, name: string): void => {
    const place = path.join(modules, name)
    mkdirSync(path.dirname(place), { recursive: true })
    if (!existsSync(place)) symlinkSync(realpathSync(target), place, 'junction')
  }
  for (const workspace of [...workspaces(), 'bench']) {
    if (workspace.startsWith('packages/'))
      link(path.join(root, workspace), `@mzalert/${path.basename(workspace)}`)
    const home = path.join(root, workspace, 'node_modules')
    const names = existsSync(home) ? readdirSync(home).filter(name => !name.startsWith('.')) : []
    for (const name of names)
      if (!name.startsWith('@')) link(path.join(home, name), name)
      else
        for (const inner of readdirSync(path.join(home, name)))
          link(path.join(home, name, inner), `${name}/${inner}`)
  }
}
