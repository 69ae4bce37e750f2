import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import {
  type Clock,
  events,
  ndjsonLine,
  scenarios,
  virtualClock,
  wallClock,
  withFaults,
} from '../../src/index.js'
import { program } from '../../src/program/program.js'
import { first, origin, rejection } from '../support/story.js'
import { tableServer } from '../support/table-server.js'

interface Said {
  readonly out: string
  readonly err: string
}

/** What the program says on its two outputs, in virtual time. */
async function say(
  line: string,
  signal: AbortSignal = new AbortController().signal,
  chunks = { out: '', err: '' },
  clock: Clock = virtualClock(origin),
): Promise<Said> {
  const to = (name: 'out' | 'err'): Writable =>
    new Writable({
      write: (chunk, _, done) => {
        chunks[name] += String(chunk)
        done()
      },
    })
  const words = line.split(' ').filter(word => word !== '')
  await program(words, { stdout: to('out'), stderr: to('err'), signal, clock })
  return chunks
}

const linesOf = (all: Iterable<Parameters<typeof ndjsonLine>[0]>): string => [...all].map(ndjsonLine).join('')
const minute = { from: origin, to: origin + 60_000 }

describe('faker-events', () => {
  test('runs a scenario to standard output, and says what it did in one line of JSON', async () => {
    const { out, err } = await say('run deployments --for 1m')
    expect(out).toBe(linesOf(events(scenarios.deployments(), minute)))
    expect(JSON.parse(err)).toMatchObject({
      scenario: 'deployments',
      seed: 1,
      from: origin,
      events: 160,
      late: 0,
      retries: 0,
      faults: {},
      nextStartAt: 160,
      stopped: false,
    })
  })

  test('takes seed, rate, options and faults', async () => {
    const { out, err } = await say(
      'run orders --for 60s --seed 9 --rate 3 --set customers=5 --faults late=0.1,clock-skewed=0.2,dropped=0.1',
    )
    const story = scenarios.orders({ seed: 9, ordersPerSecond: 3, customers: 5 })
    const faulty = withFaults(story, { late: 0.1, clockSkewed: 0.2, dropped: 0.1 })
    expect(out).toBe(linesOf(events(faulty, minute)))
    const { faults } = JSON.parse(err) as { faults: Record<string, number> }
    expect(faults['clock-skewed']).toBe(
      [...events(faulty, minute)].filter(({ headers }) => headers?.['fault'] === 'clock-skewed').length,
    )
    expect(faults['dropped']).toBeGreaterThan(10)
  })

  test('goes on where an earlier run stopped', async () => {
    const { out } = await say(`run incident --for 1m --from ${origin} --start-at 40`)
    expect(out).toBe(linesOf([...events(scenarios.incident(), minute)].slice(40)))
  })

  test.each([
    ['-1h', origin - 3_600_000],
    ['2023-11-14T22:13:20Z', origin],
    ['2023-11-14', Date.UTC(2023, 10, 14)],
    ['now', origin],
    ['1500000000000', 1_500_000_000_000],
  ])('begins at %s', async (from, ms) => {
    const { out } = await say(`run deployments --from ${from} --dry-run`)
    expect(out).toBe(linesOf(first(10, events(scenarios.deployments(), { from: ms }))))
  })

  test('prints ten events and sends nothing, to whatever destination, if it is asked for a dry run', async () => {
    const { out, err } = await say('run deployments --dry-run --to kafka://nowhere:9092')
    expect(out.split('\n')).toHaveLength(11)
    expect(err).toBe('')
  })

  test('stops when it is told to, and says that it did', async () => {
    const { err } = await say('run deployments', AbortSignal.abort())
    expect(JSON.parse(err)).toMatchObject({ events: 0, stopped: true })
  })

  test('E5: says what it did when its destination was away for too long, too, and where to go on', async () => {
    const said = { out: '', err: '' }
    const server = await tableServer(statement =>
      statement.startsWith('COPY') && server.statements.length > 2 ? 'cut' : undefined,
    )
    const line = `run deployments --to ${server.url} --for 1m --start-at 5 --retries 3`
    const error = await rejection(say(line, undefined, said))
    await server.close()
    expect(error).toMatchObject({ code: 'SINK_FAILED', details: { attempts: 4 } })
    const { events: sent, ...summary } = JSON.parse(said.out)
    expect(summary).toMatchObject({ retries: 3, nextStartAt: 5 + sent, stopped: false })
    expect(summary.error).toBe((error as Error).message)
    expect(sent).toBe(server.tables.get('"deployments"')?.length)
    expect(sent).toBeGreaterThan(0)
    expect(said.err).toBe('')
  })

  test('shows its progress while its destination is away', async () => {
    const said = { out: '', err: '' }
    let isAway = true
    const server = await tableServer(() => (isAway ? 'cut' : undefined))
    const stop = new AbortController()
    const clock: Clock = { nowMs: () => origin, sleep: wallClock.sleep }
    const line = `run deployments --to ${server.url} --for 1ms --retries max --progress`
    const ended = say(line, stop.signal, said, clock)
    while (!/^0 events, 0\/s, 0 late, \d+ retries; attempt \d+ in \d+ ms: .+\n/m.test(said.err))
      await wallClock.sleep(10)
    isAway = false
    await ended
    await server.close()
    expect(JSON.parse(said.out)).toMatchObject({ events: 60 })
  })

  test('leaves out what is late with --when-late skip, and sends it without', async () => {
    let machineMs = 0
    // Every wake-up comes three seconds after its time.
    const slow: Clock = {
      nowMs: () => origin + machineMs,
      sleep: async ms => {
        machineMs += ms + 3000
      },
    }
    const skipping = await say('run deployments --for 1m --when-late skip', undefined, undefined, slow)
    const { events: sent, skipped, late, nextStartAt } = JSON.parse(skipping.err)
    expect(skipped).toBeGreaterThan(0)
    expect(skipped).toBe(late)
    expect(nextStartAt).toBe(160)
    expect(skipping.out.split('\n')).toHaveLength(sent + 1)
    machineMs = 0
    const all = await say('run deployments --for 1m', undefined, undefined, slow)
    expect(JSON.parse(all.err)).toMatchObject({ events: 160, skipped: 0 })
  })

  test('lists the scenarios and its options', async () => {
    const { out: list } = await say('list')
    expect(list.split('\n').map(line => line.split(' ')[0])).toEqual([...Object.keys(scenarios), ''])
    const { out } = await say('--help')
    for (const flag of [
      '--to',
      '--seed',
      '--rate',
      '--for',
      '--from',
      '--speed',
      '--progress',
      '--dry-run',
      '--faults',
      '--when-late',
      '--topic-config',
    ])
      expect(out).toContain(`  ${flag} `)
  })

  test.each([
    ['', '"" is no command'],
    ['run', 'is no command'],
    ['run a b', 'is no command'],
    ['run weather', 'There is no scenario "weather". Use one of deployments, incident, orders.'],
    ['run orders --seed x', '--seed is "x". It takes a number.'],
    ['run orders --seed=', '--seed is "". It takes a number.'],
    ['run orders --for 10', '--for is "10". It takes a number and ms, s, m, h or d'],
    ['run orders --from yesterday', '--from is "yesterday"'],
    ['run orders --from -3', '--from is "3"'],
    ['run orders --set customers', '--set is "customers"'],
    ['run orders --set nobody=3', 'There is no option "nobody"'],
    ['run orders --faults slow=1', '--faults has "slow"'],
    ['run orders --faults late', '--faults late is ""'],
    ['run orders --to redis://x', '--to is not understood'],
    ['run orders --to kafka://broker', '--to is not understood'],
    ['run orders --when-late maybe', '--when-late is "maybe". It takes catch-up or skip.'],
    ['run orders --topic-config a=1', '--topic-config is for a topic that is created'],
    ['run orders --partitions 1 --topic-config a', '--topic-config is "a". It takes name=value.'],
    ['run orders --retries soon', '--retries is "soon". It takes a number.'],
    ['run orders --wrong', "Unknown option '--wrong'"],
  ])('%s is one clear sentence', async (line, sentence) => {
    const error = await rejection(say(line))
    expect(error).toMatchObject({ code: 'INVALID_OPTION', message: expect.stringContaining(sentence) })
  })

  test('says a password to nobody', async () => {
    const error = await rejection(say('run orders --to postgre://me:secret-word@host/db'))
    expect(String(error)).not.toContain('secret-word')
  })
})

describe('faker-events as a program', () => {
  const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
  const ran = (...args: readonly string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' })

  test('sends at once what lies in the past, with --speed max', () => {
    const { status, stdout, stderr } = ran(
      'run',
      'deployments',
      '--from',
      '2026-01-01',
      '--for',
      '10m',
      '--speed',
      'max',
    )
    const from = Date.UTC(2026, 0, 1)
    expect(stdout).toBe(linesOf(events(scenarios.deployments(), { from, to: from + 600_000 })))
    expect(JSON.parse(stderr)).toMatchObject({ events: 1060, late: 0 })
    expect(status).toBe(0)
  })

  test('E5: Ctrl-C ends it while it sends as fast as it can, with no end', async () => {
    const child = spawn(process.execPath, [
      cli,
      'run',
      'deployments',
      '--from',
      '2020-01-01',
      '--speed',
      'max',
    ])
    let [lines, said] = [0, '']
    child.stdout.on('data', chunk => {
      if (lines === 0) child.kill('SIGINT')
      lines += String(chunk).split('\n').length - 1
    })
    child.stderr.on('data', chunk => {
      said += String(chunk)
    })
    const [code] = await once(child, 'close')
    expect(code).toBe(0)
    expect(JSON.parse(said)).toMatchObject({ stopped: true, events: lines, nextStartAt: lines })
  })

  test('ends with 2 for what it does not understand, and with 1 for what does not work', () => {
    expect(ran('run', 'weather')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/^faker-events: \[INVALID_OPTION\] .*\n$/),
    })
    const refused = ran(
      'run',
      'orders',
      '--to',
      'postgres://me:secret-word@127.0.0.1:1/db',
      '--retries',
      '0',
      '--speed',
      'max',
    )
    expect(refused.status).toBe(1)
    expect(refused.stderr).toMatch(/^faker-events: \[SINK_FAILED\] .*ECONNREFUSED.*\n$/)
    expect(refused.stderr).not.toContain('secret-word')
  }, 60_000)
})
