import { statSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { manifest, publishedPackages, root, text, tracked } from './support/repository.js'

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}

interface Job {
  readonly 'timeout-minutes'?: number
  readonly permissions?: Readonly<Record<string, string>>
  readonly strategy?: { readonly matrix?: { readonly node?: readonly number[] } }
  readonly steps: readonly Step[]
}

interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, Job>>
}

const scripts = manifest('.')['scripts'] as Readonly<Record<string, string>>
const files = tracked().filter(file => /^\.github\/workflows\/.*\.ya?ml$/.test(file))
const workflows = files.map(file => [file, parse(text(file)) as Workflow] as const)

test('there is one workflow that checks and one that releases', () => {
  expect(files).toEqual(['.github/workflows/ci.yml', '.github/workflows/release.yml'])
})

describe.each(workflows)('%s', (file, { permissions, jobs }) => {
  const steps = Object.values(jobs).flatMap(job => job.steps)

  test('runs only what is there', () => {
    const commands = steps.flatMap(({ run, with: options = {} }) => [run, options['version']])
    const given = commands.filter(
      command => typeof command === 'string' && command !== 'git push --tags',
    ) as readonly string[]
    expect(given.length).toBeGreaterThan(0)
    for (const command of given) {
      const [, script] = /^npm (?:run )?([\w:]+)$/.exec(command) ?? []
      if (script !== undefined) expect(Object.keys(scripts), command).toContain(script)
      else expect(statSync(path.join(root, command)).mode & 0o100, command).toBeGreaterThan(0)
    }
  })

  test('takes the actions of others at a commit, not at a name that can move', () => {
    for (const { uses } of steps)
      if (uses !== undefined) expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/)
  })

  test('keeps no secrets, may write nothing by default, and ends', () => {
    expect(text(file)).not.toMatch(/secrets\.|_TOKEN: (?!\$\{\{ github\.token \}\})/)
    expect(Object.values(permissions ?? { all: 'write' })).not.toContain('write')
    for (const job of Object.values(jobs)) expect(job['timeout-minutes']).toBeGreaterThan(0)
  })
})

test('only the release may write, and has an identity by which npm signs provenance', () => {
  const writing = workflows.flatMap(([file, { jobs }]) =>
    Object.values(jobs).flatMap(({ permissions = {} }) =>
      Object.keys(permissions).map(what => `${file} ${what}`),
    ),
  )
  const release = '.github/workflows/release.yml'
  expect(writing).toEqual([`${release} contents`, `${release} pull-requests`, `${release} id-token`])
})

test('the tests run on every release of Node from the oldest that the packages say', () => {
  const tested = workflows.flatMap(([, { jobs }]) =>
    Object.values(jobs).flatMap(job => job.strategy?.matrix?.node ?? []),
  )
  expect(tested).toEqual([20, 22, 24])
  for (const folder of publishedPackages()) {
    const { node } = manifest(folder)['engines'] as { readonly node: string }
    expect(node).toMatch(new RegExp(`^>=${tested[0]}\\.`))
  }
})

test('every script of the root is a task', () => {
  const tasks = text('scripts/lib/tasks.mjs')
  for (const [name, command] of Object.entries(scripts)) {
    const [, task = ''] = /^(?:exec )?node scripts\/run\.mjs ([\w:]+)$/.exec(command) ?? []
    expect(tasks, name).toMatch(new RegExp(`^ {2}(?:'${task}'|${task})[:,]`, 'm'))
  }
})

test('what .ci/run calls is there', () => {
  for (const [, script = ''] of text('.ci/run').matchAll(/npm run ([\w:]+)/g))
    expect(Object.keys(scripts)).toContain(script)
  for (const [, file = ''] of text('.ci/run').matchAll(/node (scripts\/[\w./-]+)/g))
    expect(tracked()).toContain(file)
})
