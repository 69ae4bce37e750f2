import { spawnSync } from 'node:child_process'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { events, ndjsonLine, scenarios, virtualClock, withFaults } from '../../src/index.js'
import { program } from '../../src/program/program.js'
import { first, origin, rejection } from '../support/story.js'

interface Said {
  readonly out: string
  readonly err: string
}

/** What the program says on its two outputs, in virtual time. */
async function say(line: string, signal = new AbortController().signal): Promise<Said> {
  const chunks = { out: '', err: '' }
  const to = (name: 'out' | 'err'): Writable =>
    new Writable({
      write: (chunk, _, done) => {
        chunks[name] += String(chunk)
        done()
      },
    })
  const words = line.split(' ').filter(word => word !== '')
  await program(words, { stdout: to('out'), stderr: to('err'), signal, clock: virtualClock(origin) })
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
