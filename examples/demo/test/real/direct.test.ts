import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../src/ports.js'
import { onPath } from '../../src/prometheus.js'

const host = '127.0.0.1'
const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const children: ChildProcess[] = []
let folder: string
let alertmanager: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mzalert-demo-direct-'))
  const configuration = path.join(folder, 'alertmanager.yml')
  await writeFile(configuration, 'route: { receiver: none }\nreceivers: [{ name: none }]\n')
  const port = await freePort(0, host)
  alertmanager = `http://${host}:${port}`
  const judgeProgram = onPath(['alertmanager', 'prometheus-alertmanager'])
  if (judgeProgram === undefined) throw new Error('alertmanager must be installed')
  const judge = spawn(
    judgeProgram,
    [
      `--config.file=${configuration}`,
      `--storage.path=${path.join(folder, 'data')}`,
      `--web.listen-address=${host}:${port}`,
      '--cluster.listen-address=',
    ],
    { stdio: 'ignore' },
  )
  children.push(judge)
  await Promise.race([
    once(judge, 'error').then(([error]) => {
      throw error
    }),
    until('Alertmanager is ready', () =>
      fetch(`${alertmanager}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    ),
  ])
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

/** The organizations whose spikes Alertmanager shows now. */
async function organizations(): Promise<readonly string[]> {
  const answer = await fetch(`${alertmanager}/api/v2/alerts?filter=alertname="deployment_spike"`)
  const alerts = (await answer.json()) as readonly { readonly labels: { readonly organization: string } }[]
  return alerts.map(({ labels }) => labels.organization)
}

test('S1: the demonstration tells a real Alertmanager of a spike and of its end, and its receiver the same', async () => {
  const ports = ['--sql-port', '0', '--metrics-port', '0']
  const small = ['--window', '4', '--threshold', '20', '--spike-every', '10']
  const child = spawn(process.execPath, [program, '--alertmanager', alertmanager, ...ports, ...small], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  const ended = once(child, 'close')
  let spiking: string | undefined
  await until('a spike is there', async () => {
    spiking = (await organizations())[0]
    return spiking !== undefined
  })
  await until('it has ended', async () => !(await organizations()).includes(spiking ?? ''))
  const words = `Organization ${spiking} deploys more than usual`
  await until('the receiver was told', () => said.includes(`Slack: [RESOLVED] ${words}`))
  expect(said).toContain(`Slack: [FIRING] ${words}`)
  child.kill('SIGTERM')
  expect((await ended)[0]).toBe(0)
}, 120_000)

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 55_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`It never came to this: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
