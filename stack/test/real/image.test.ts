import { execFile } from 'node:child_process'
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { startEngine } from '@mzalert/local-engine'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../src/chain/index.js'
import { compose } from '../../src/check/compose.js'
import { type Stage, stages } from '../../src/check/dockerfile.js'
import { stackFiles } from '../../src/check/files.js'
import { stackFolder } from '../../src/paths.js'
import { freePort, type Program, type ProgramOptions, program } from '../../src/program.js'

/**
 * There is no Docker here: the steps of the Dockerfile that make the images' contents run into a folder that knows nothing of the
 * workspace, and what an image would start is started from there.
 */
const execute = promisify(execFile)
const repository = path.join(stackFolder, '..')
const files = stackFiles()
const dockerfile = stages(files.text('Dockerfile'))
const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'mzalert-image-')))
const images = ['producer', 'exporter', 'stack'] as const
type Image = (typeof images)[number]

function stageOf(image: Image): Stage {
  const stage = dockerfile.get(image)
  if (!stage) throw new Error(`the Dockerfile has no stage ${image}`)
  return stage
}

beforeAll(async () => {
  const deploy = dockerfile.get('build')?.runs.find(command => command.includes(' deploy ')) ?? ''
  expect(deploy).toContain('/out/')
  await execute('sh', ['-ec', deploy.replaceAll('/out/', `${folder}/out/`)], {
    cwd: repository,
    env: {
      ...process.env,
      CI: 'true',
      PATH: `${path.join(repository, 'scripts/pnpm/node_modules/.bin')}:${process.env['PATH']}`,
    },
  })
  for (const image of images)
    for (const { from, to } of stageOf(image).copies) {
      const target = path.join(folder, 'app', image, to === './' ? path.basename(from) : to)
      mkdirSync(path.dirname(target), { recursive: true })
      cpSync(path.join(folder, from), target, { recursive: true, verbatimSymlinks: true })
    }
  // What was deployed is in another stage: nothing may lead there.
  rmSync(path.join(folder, 'out'), { recursive: true })
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Starts what an image starts, or another command of the compose file, in the image's own folder. */
function started(image: Image, options: Partial<ProgramOptions>, command = stageOf(image).command): Program {
  const [, ...args] = command
  const { env, ...rest } = options
  return program({
    name: image,
    command: process.execPath,
    args,
    cwd: path.join(folder, 'app', image),
    env: { NODE_ENV: 'production', NODE_PATH: '', ...stageOf(image).environment, ...env },
    ...rest,
  })
}

/** What the image's own health check says, asked at another port. */
async function isHealthy(image: Image, port: number): Promise<boolean> {
  const { healthCheck, environment } = stageOf(image)
  expect(healthCheck.join(' ')).toContain(`127.0.0.1:${environment['PORT']}/-/ready`)
  const [, ...args] = healthCheck.map(part => part.replace(`:${environment['PORT']}/`, `:${port}/`))
  return execute(process.execPath, args).then(
    () => true,
    () => false,
  )
}

test('an image holds production dependencies alone, all within itself, and is small', () => {
  for (const image of images) {
    const app = path.join(folder, 'app', image)
    const outside: string[] = []
    let bytes = 0
    for (const entry of readdirSync(app, { recursive: true, withFileTypes: true })) {
      const file = path.join(entry.parentPath, entry.name)
      if (!entry.isSymbolicLink()) bytes += lstatSync(file).size
      else if (!path.resolve(entry.parentPath, readlinkSync(file)).startsWith(`${app}/`))
        outside.push(path.relative(app, file))
    }
    // pnpm leaves a link to where the program itself came from, where only packages that import it would look.
    const self = { producer: 'example-producer', exporter: 'example-exporter', stack: 'stack' }[image]
    expect(outside).toEqual([`node_modules/.pnpm/node_modules/@mzalert/${self}`])
    for (const tool of ['typescript', 'vitest', 'tsup', '@types'])
      expect(readdirSync(path.join(app, 'node_modules')), `${image} has ${tool}`).not.toContain(tool)
    expect(bytes, image).toBeLessThan(40_000_000)
  }
})

test("the producer's image sends events, and its health check says when", async () => {
  const port = await freePort()
  const producer = started('producer', {
    env: { SINK: 'ndjson', PORT: String(port) },
    readyText: '"deployment_created"',
  })
  expect(await isHealthy('producer', port)).toBe(false)
  await producer.start()
  try {
    await until('the health check is content', () => isHealthy('producer', port))
  } finally {
    await producer.kill()
  }
})

test("the stack's image makes the models, once, and the exporter's image streams them", async () => {
  await using engine = await startEngine()
  const port = await freePort()
  const apply = async (): Promise<string> => {
    const [, ...args] = stageOf('stack').command
    const env = { ...process.env, MZ_URL: engine.url, TARGET: 'local' }
    return (await execute(process.execPath, args, { cwd: path.join(folder, 'app/stack'), env })).stderr
  }
  expect(await apply()).toBe('models: created\n')
  expect(await apply()).toBe('models: unchanged\n')
  const exporter = started('exporter', {
    env: { MZ_URL: engine.url, PORT: String(port) },
    readyUrl: `http://127.0.0.1:${port}/-/ready`,
  })
  expect(await isHealthy('exporter', port)).toBe(false)
  await exporter.start()
  try {
    expect(await isHealthy('exporter', port)).toBe(true)
    expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain('mzalert_view_up{')
  } finally {
    await exporter.kill()
  }
})

test("the stack's image shows notifications, by the command of the compose file", async () => {
  const port = await freePort()
  const { command } = compose(files).services['webhook'] ?? {}
  const url = `http://127.0.0.1:${port}/`
  const webhook = started('stack', { env: { PORT: String(port) }, readyUrl: `${url}-/ready` }, command)
  await webhook.start()
  try {
    expect(await (await fetch(url)).text()).toBe('no notification yet\n')
  } finally {
    await webhook.kill()
  }
})
