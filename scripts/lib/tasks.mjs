import path from 'node:path'
import { environment, execute, say, tool } from './processes.mjs'
import { reportsFolder, writeReport } from './reports.mjs'
import { ensureInstalled } from './toolchain.mjs'

const tasks = {
  setup,
  build,
  test,
  check,
  demo,
  bench,
  soak,
  'test:real': testReal,
  'test:stack': testStack,
  'stack:check': stackCheck,
  'docs:api': docsApi,
  'release:rehearse': rehearseRelease,
  'release:version': versionRelease,
  'release:publish': publishRelease,
}

/** Runs a task and resolves with the exit code of the process. */
export async function run(name, args) {
  const task = tasks[name]
  if (!task) {
    say(`no task "${name ?? ''}"; there is ${Object.keys(tasks).join(', ')}`)
    return 2
  }
  // pnpm runs the root's lifecycle scripts too: then it is the install, and needs none of ours.
  if (name === 'setup' && process.env.npm_config_user_agent?.startsWith('pnpm')) return 0
  await ensureInstalled()
  return task(args)
}

async function setup() {
  say('ready: npm run demo, npm test')
  return 0
}

async function build(args) {
  return turbo('build', args)
}

async function test(args) {
  const built = await turbo('build', [])
  return built || vitest('test', args)
}

/** With programs that must be installed: see house/vitest.real.config.ts. */
async function testReal(args) {
  const built = await turbo('build', [])
  const which = args.length > 0 ? args : ['packages/', 'examples/']
  return built || vitest('real', ['--config', 'house/vitest.real.config.ts', ...which])
}

/** The stack's configuration in the real tools, and its chain of real programs, also while parts of it are killed. */
async function testStack(args) {
  const built = await turbo('build', [])
  const which = args.length > 0 ? args : ['stack/']
  return built || vitest('stack', ['--config', 'house/vitest.real.config.ts', ...which])
}

async function check() {
  const built = await turbo('build', [])
  if (built) return built
  const steps = {
    types: () => turbo('check', []),
    biome: () => execute(tool('biome'), ['ci', '--error-on-warnings'], {}),
    knip: () => execute(tool('knip'), ['--no-progress', '--treat-config-hints-as-errors']),
    house: () => vitest('house', ['--config', 'house/vitest.house.config.ts']),
  }
  const failed = []
  for (const [name, step] of Object.entries(steps)) {
    say(`check: ${name} …`)
    const code = await step()
    if (code === 130) return code
    if (code !== 0) failed.push(name)
  }
  writeReport('check', { passed: Object.keys(steps).length - failed.length, failed: failed.length })
  say(failed.length ? `check: failed: ${failed.join(', ')}` : 'check: all clean')
  return failed.length ? 1 : 0
}

async function demo(args) {
  const built = await turbo('build', ['--filter=@mzalert/demo...'])
  return (
    built ||
    execute(process.execPath, [path.join('examples', 'demo', 'dist', 'main.js'), ...args], {
      env: environment(),
    })
  )
}

async function bench(args) {
  const built = await turbo('build', [])
  return built || execute(process.execPath, [path.join('bench', 'run.mjs'), ...args])
}

/** `soak` takes the whole chain apart, `soak tail` makes faults between engine and tails, `soak engine` lets the engine run for minutes. */
async function soak(args) {
  const isPart = args[0] === 'tail' || args[0] === 'engine'
  // The chain starts examples, too.
  const built = await turbo('build', isPart ? ['--filter=@mzalert/bench...'] : [])
  const [program, rest] = isPart ? [`${args[0]}-soak.mjs`, args.slice(1)] : ['chain-soak.mjs', args]
  return built || execute(process.execPath, [path.join('bench', program), ...rest])
}

async function stackCheck(args) {
  const built = await turbo('build', ['--filter=@mzalert/stack...'])
  return built || vitest('stack-check', ['stack/test/check', ...args])
}

/** The reference of everything that is exported, into reports/api. */
async function docsApi(args) {
  const built = await turbo('build', ['--filter=./packages/*'])
  return built || execute(tool('typedoc'), ['--options', 'house/typedoc.json', ...args])
}

/** Everything that a release does, against a registry of its own: see scripts/ci/release.mjs. */
async function rehearseRelease() {
  return execute(process.execPath, [path.join('scripts', 'ci', 'release.mjs')])
}

/** Versions and changelogs by the changesets; the workflow of the release makes a pull request of it. */
async function versionRelease() {
  return execute(tool('changeset'), ['version'])
}

/** Publishes what has a version that the registry does not have. */
async function publishRelease(args) {
  const built = await turbo('build', ['--filter=./packages/*'])
  return built || execute(tool('changeset'), ['publish', ...args])
}

async function turbo(task, args) {
  if (task === 'build') say('building what is stale …')
  // Warm runs print nothing; a failure prints the log of the package that failed.
  return execute(tool('turbo'), ['run', task, '--output-logs=errors-only', '--ui=stream', ...args], {
    quiet: true,
  })
}

async function vitest(name, args) {
  const own = args.includes('--config') ? [] : ['--config', 'house/vitest.config.ts']
  const reports = reportsFolder()
  const reporters = reports
    ? [
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${path.join(reports, `vitest-${name}.json`)}`,
      ]
    : []
  return execute(tool('vitest'), ['run', ...own, ...reporters, ...args])
}
