import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { tail } from '../../src/index.js'
import { FakeClock } from '../../src/testing/clock.js'
import { progress, update } from '../../src/testing/messages.js'
import { Player, type PlayerOptions } from '../../src/testing/player.js'
import { Recorder } from '../../src/testing/recorder.js'
import { type Recording, readRecordings } from '../../src/testing/recording.js'
import { sum } from '../support/decode.js'
import { recording, textStreams } from '../support/golden.js'
import { accepted, collect, failureOf, serve, until } from '../support/serve.js'

async function play(recordings: readonly Recording[], options?: PlayerOptions): Promise<Player> {
  const player = await Player.start(recordings, options)
  onTestFinished(() => player.close())
  return player
}

async function record(port: number): Promise<{ recorder: Recorder; lines: string[] }> {
  const lines: string[] = []
  const recorder = await Recorder.start({ port }, line => lines.push(line))
  onTestFinished(() => recorder.close())
  return { recorder, lines }
}

/** What a tail yields, until the recording ends or what it closes has come. */
async function yielded(url: string, snapshot: boolean, batches: number): Promise<unknown> {
  const taken: unknown[] = []
  let ended = 'left'
  try {
    for await (const { kind, lower, upper, updates } of tail('v', {
      connection: url,
      snapshot,
      retry: false,
    }).batches()) {
      taken.push([kind, lower, upper, updates.map(({ raw, diff, timestamp }) => [raw, diff, timestamp])])
      if (taken.length === batches) break
    }
  } catch (error) {
    ended = (error as Error).message
  }
  return { taken, ended }
}

const whole = textStreams().filter(({ messages }) => ['Z', 'EOF'].includes(messages.at(-1)?.type ?? ''))

test('T18: every recording of a real server that ends, recorded again from a player, is the same recording and the same batches', async () => {
  expect(whole.length).toBeGreaterThan(20)
  for (const original of whole) {
    const isEmpty = /SNAPSHOT = false/i.test(original.query)
    const first = await play([original])
    const { recorder, lines } = await record(Number(new URL(first.url).port))
    const seen = await yielded(recorder.url, !isEmpty, Number.POSITIVE_INFINITY)
    const last = original.messages.at(-1)?.type ?? ''
    await until(() => lines.at(-1)?.includes(`"type":"${last}"`) === true)
    const [copy, ...others] = readRecordings(lines.join('\n'))
    expect(others).toEqual([])
    expect(copy?.messages.map(({ type, hex }) => [type, hex])).toEqual(
      original.messages.map(({ type, hex }) => [type, hex]),
    )
    const second = await play(copy ? [copy] : [])
    expect(await yielded(second.url, !isEmpty, Number.POSITIVE_INFINITY)).toEqual(seen)
  }
})

test('T18: a recording adds up to the truth that was recorded with it, over a socket', async () => {
  for (const generation of ['tail', 'subscribe'] as const) {
    const original = recording(generation, '40')
    const player = await play([original])
    let rows = 0
    const expected = original.truth?.length ?? 0
    const taken = await collect(tail('v', { connection: player.url }).batches(), batches => {
      rows = [...sum(batches).values()].reduce((all, multiplicity) => all + multiplicity, 0)
      return rows === expected && batches.length > 40
    })
    expect(rows).toBe(expected)
    expect(taken.length).toBeGreaterThan(40)
  }
})

test('T18: a password is never written down, and a line that broke off is left out', async () => {
  const { server } = await serve({
    copy: client => client.send(accepted, progress(1), update(1, 1, 'a'), progress(2)),
  })
  const { recorder, lines } = await record(server.port)
  const connection = recorder.url.replace('materialize@', 'materialize:hunter2@')
  await collect(tail('v', { connection }).batches(), () => true)
  expect(lines.join('\n')).not.toContain('hunter2')
  expect(lines.join('\n')).not.toContain(Buffer.from('hunter2').toString('hex'))
  const [told] = readRecordings(`${lines.join('\n')}\n{"recording":1,"t":3,"ty`)
  expect(told).toMatchObject({
    server: 'v0.147.0-dev (000000000)',
    query: 'COPY (SUBSCRIBE "v" WITH (PROGRESS)) TO STDOUT',
    describe: { columns: [{ name: 'a', oid: 25 }] },
  })
  expect(told?.messages.map(({ type }) => type).join('')).toBe('Hddd')
})

test('T18: several connections are several recordings, played one after the other, and then no more', async () => {
  const { server, options } = await serve({
    copy: (client, _, index) => {
      client.send(accepted, progress(10 * index + 1), update(10 * index + 1, 1, `row ${index}`))
      client.send(progress(10 * index + 2))
      if (index === 0) client.end()
    },
  })
  const { recorder, lines } = await record(server.port)
  await collect(
    tail('v', { ...options, connection: recorder.url, snapshot: false }).batches(),
    all => sum(all).size === 2,
  )
  const player = await play(readRecordings(lines.join('\n')))
  const again = await collect(
    tail('v', { ...options, connection: player.url, snapshot: false }).batches(),
    all => sum(all).size === 2,
  )
  expect([...sum(again).keys()]).toEqual(['row 0', 'row 1'])
  const refused = await failureOf(
    collect(tail('v', { ...options, connection: player.url }).batches(), () => true),
  )
  expect(refused.message).toContain('there is no further recording')
})

test('T18: a replica that dies and comes back after seven silent seconds loses nothing, on the first connection', async () => {
  // The last two messages answer the request to stop that ended the recording.
  const { messages, ...rest } = recording('subscribe', '25')
  const original = { ...rest, messages: messages.filter(({ type }) => type !== 'E' && type !== 'Z') }
  const clock = new FakeClock()
  const player = await play([original], { speed: 1, clock })
  const notices: string[] = []
  const stream = tail('v', { connection: player.url, clock })
  stream.events.on('notice', ({ message }) => notices.push(message))
  const reasons: string[] = []
  stream.events.on('retry', ({ error }) => reasons.push(error.code))
  const closed: string[] = []
  const lastMs = original.messages.at(-1)?.t ?? 0
  const loop = (async () => {
    for await (const { upper } of stream.batches()) closed.push(String(upper))
  })()
  await until(() => player.statements.length > 1)
  while (clock.nowMs() <= lastMs) {
    clock.advance(100)
    for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
  }
  const frontier = original.messages
    .filter(({ text }) => text?.includes('\tt\t'))
    .at(-1)
    ?.text?.split('\t')[0]
  await until(() => closed.at(-1) === frontier)
  await stream.close()
  await loop
  expect(reasons).toEqual([])
  expect(notices).toHaveLength(2)
  const times = original.messages.filter(({ type }) => type === 'd').map(({ t }) => t)
  const gaps = times.map((t, index) => t - (times[index - 1] ?? 0))
  expect(Math.max(...gaps)).toBeGreaterThan(6000)
})

test('a recording that is one JSON object is read too, and what is none is refused', () => {
  const file = new URL('../fixtures/golden/tail-v0.26/09-empty-table.json', import.meta.url)
  const [only] = readRecordings(readFileSync(file, 'utf8'))
  expect(only?.query).toBe('COPY (TAIL a9 WITH (PROGRESS)) TO STDOUT')
  expect(() => readRecordings('not a recording')).toThrow(SyntaxError)
})
