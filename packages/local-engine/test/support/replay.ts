import type { EngineOptions, Generation } from '@mzalert/local-engine'
import { afterAll, beforeAll, expect } from 'vitest'
import type { Frame } from '../../src/wire/frames.js'
import { movableClock, type TestEngine } from './engine.js'
import { type Golden, golden, recordedRows } from './golden.js'
import { cancel, RawClient, tagsOf } from './raw-client.js'
import { contents, OpenStream, type StreamRow } from './stream.js'
import { until } from './wait.js'

/** Streams whose changes can be made again, in the order in which they were recorded: some lean on earlier ones. */
export const streams: Readonly<Record<Generation, readonly string[]>> = {
  tail: ['01', '02', '03', '04', '05', '09', '16', '17', '18', '20', '21'],
  subscribe: ['01', '02', '03', '04', '05', '09', '14', '15', '16', '17', '18', '20', '21', '53', '55', '57'],
}
/** Statements that are refused. */
export const refusals: Readonly<Record<Generation, readonly string[]>> = {
  tail: ['10', '11', '12'],
  subscribe: ['10', '11', '12', '59'],
}

/** What the other recordings are for. They are truth for the client, which reads what this engine does not say. */
const elsewhere: Readonly<Record<Generation, Readonly<Record<string, string>>>> = {
  tail: {
    '00': 'login: shown by clients.test.ts, not compared',
    '06': 'types: compared by types.test.ts, but for lists, maps and unsigned integers, which PostgreSQL lacks',
    '07': 'binary COPY: streams are text here',
    '08': 'binary COPY: streams are text here',
    '13': 'AS OF now() where table timestamps lag the wall clock: here they do not',
    '14': 'goes on over a view that was dropped: PostgreSQL must fail',
    '15': 'goes on with the good rows of a view that divides by zero: PostgreSQL must fail',
    '22': 'describes: compared by describe.test.ts',
    '23': 'the process ends: FIN without a message, shown by lifecycle.test.ts',
    '24': 'the process is killed: nothing to compare but FIN',
    '30': 'changes came from a topic: no statements to make them again',
    '31': 'changes came from a topic: no statements to make them again',
    '40': 'changes were random: no statements to make them again',
    '41': 'changes were random: no statements to make them again',
  },
  subscribe: {
    '00': 'login: shown by clients.test.ts, not compared',
    '06': 'types: compared by types.test.ts, but for lists, maps and unsigned integers, which PostgreSQL lacks',
    '07': 'binary COPY: streams are text here',
    '08': 'binary COPY: streams are text here',
    '13': 'AS OF now(): refused, shown by statement.test.ts',
    '22': 'describes: compared by describe.test.ts',
    '23': 'the process ends: FIN without a message, shown by lifecycle.test.ts',
    '24': 'the process is killed: nothing to compare but FIN',
    '25': 'replicas: there are none here',
    '30': 'changes came from a topic: no statements to make them again',
    '31': 'changes came from a topic: no statements to make them again',
    '40': 'changes were random: no statements to make them again',
    '41': 'changes were random: no statements to make them again',
    '50': 'ENVELOPE UPSERT: not spoken here',
    '51': 'ENVELOPE DEBEZIUM: not spoken here',
    '52': 'WITHIN TIMESTAMP ORDER BY: not spoken here',
    '60': 'no cluster: there are none here',
  },
}

/** Starts the engine that recordings are replayed into. */
export type StartEngine = (options: EngineOptions) => Promise<TestEngine>

/** What was compared, for the table at the end. */
const compared: { recording: string; generation: Generation; what: string; equal: boolean }[] = []

/** Runs the comparisons of one recording, and writes down what came of them. */
function compare(recording: Golden, generation: Generation, what: string, comparisons: () => void): void {
  const row = { recording: recording.name, generation, what, equal: false }
  compared.push(row)
  comparisons()
  row.equal = true
}

/** Prints what was compared, and what was not and why. */
export function printTable(): void {
  const lines = compared.map(({ recording, generation, what, equal }) =>
    [recording.padEnd(38), generation.padEnd(9), equal ? 'equal ' : 'UNLIKE', what].join('  '),
  )
  for (const generation of ['tail', 'subscribe'] as const) {
    for (const [number, reason] of Object.entries(elsewhere[generation]).sort())
      lines.push([number.padEnd(38), generation.padEnd(9), 'not   ', reason].join('  '))
  }
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** The net change of each timestamp, in order. */
function changesOf(rows: readonly StreamRow[]): Map<string, number>[] {
  const timestamps = [...new Set(rows.filter(row => !row.progressed).map(row => row.timestamp))]
  return timestamps.map(timestamp => contents(rows.filter(row => row.timestamp === timestamp)))
}

function add(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): Map<string, number> {
  const sum = new Map(a)
  for (const [line, diff] of b) sum.set(line, (sum.get(line) ?? 0) + diff)
  return new Map([...sum].filter(([, diff]) => diff !== 0))
}

function equal(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([line, diff]) => b.get(line) === diff)
}

/** Adds up changes that the other history made at one timestamp. What it did not make is left at the end. */
function grouped(
  changes: readonly Map<string, number>[],
  like: readonly Map<string, number>[],
): Map<string, number>[] {
  const rest = [...changes]
  const groups = like.map(want => {
    let sum = new Map<string, number>()
    while (rest.length > 0 && !equal(sum, want)) sum = add(sum, rest.shift() ?? new Map())
    return sum
  })
  return [...groups, ...rest]
}

/** What the recording's snapshot shows: the rows at its first timestamp, unless the stream began without one. */
function split(
  rows: readonly StreamRow[],
  recording: Golden,
): { snapshot: Map<string, number>; later: Map<string, number>[] } {
  const all = changesOf(rows)
  const [first] = rows
  const withSnapshot = !/SNAPSHOT = false/.test(recording.query ?? '') && first !== undefined
  const opening = withSnapshot ? rows.filter(row => row.timestamp === first.timestamp) : []
  const snapshot = contents(opening)
  return { snapshot, later: snapshot.size > 0 ? all.slice(1) : all }
}

function changesInOrder(rows: readonly StreamRow[]): string[] {
  return rows.filter(row => !row.progressed).map(({ diff, line }) => `${diff} ${line}`)
}

/** Whether each change after the snapshot is followed at once by a progress row that closes its timestamp, and no more. */
function closesAtOnce(rows: readonly StreamRow[]): boolean {
  const first = rows.find(row => !row.progressed)?.timestamp
  return rows.slice(0, -1).every(({ progressed, timestamp }, i) => {
    const next = rows[i + 1]
    if (progressed || timestamp === first || (next?.timestamp === timestamp && !next.progressed)) return true
    return next?.progressed === true && next.timestamp === timestamp + 1n
  })
}

/** Replays a recording by its number, and compares. */
export interface Replayer {
  readonly stream: (number: string) => Promise<void>
  readonly refusal: (number: string) => Promise<void>
  /** A snapshot in another form than COPY text. */
  readonly form: (number: string) => Promise<void>
}

/** Streams that are rows of a query, or CSV, over tables of other recordings. */
export const forms: readonly string[] = ['56', '58']

/** An engine for the recordings of one generation, which lean on each other: for the tests of one `describe`. */
export function replayer(generation: Generation, start: StartEngine): Replayer {
  const clock = movableClock(1_795_400_000_000)
  let engine: TestEngine
  let writer: RawClient

  beforeAll(async () => {
    engine = await start({ generation, nowMs: clock.nowMs })
    writer = await RawClient.connect(engine.port)
  })

  afterAll(() => engine.close())

  async function prepare(recording: Golden): Promise<void> {
    for (const { sql, reply } of recording.setup ?? []) expect(tagsOf(await writer.query(sql))).toEqual(reply)
    if (recording.name.startsWith('18')) {
      // Rows that other recordings left behind.
      await writer.query('delete from a1')
      for (const [line] of split(recordedRows(recording), recording).snapshot) {
        const [id = '', name = ''] = line.split('\t')
        await writer.query(`insert into a1 values (${id}, '${name}')`)
      }
    }
  }

  async function leftBehind(recording: Golden): Promise<void> {
    if (!recording.name.startsWith('53')) return
    // A table that envelopes had used.
    await writer.query(
      "create table e1 (k int, v text); insert into e1 values (3, 'cx'), (4, 'dx'), (3, 'dupx')",
    )
  }

  async function stream(number: string): Promise<void> {
    const recording = golden(generation, number)
    const recorded = recordedRows(recording)
    const expected = split(recorded, recording)
    clock.set(Math.max(clock.nowMs(), Number(recorded[0]?.timestamp ?? 0)))
    await leftBehind(recording)
    await prepare(recording)
    const client = await RawClient.connect(engine.port)
    const open = new OpenStream(client, recording.query ?? '')
    await open.has('H')
    await until(() => {
      const seen = contents(open.rows)
      return [...expected.snapshot].every(([line, count]) => seen.get(line) === count)
    }, 'the snapshot')
    const messages = recording.messages ?? []
    const failure = messages.find(message => message.type === 'E')
    const completes = messages.some(message => message.type === 'c')
    const fails = failure !== undefined && !failure.hex.includes(Buffer.from('57014').toString('hex'))
    const ends = completes || fails
    for (const { sql, reply } of recording.steps ?? []) {
      const before = open.changes.length
      expect(tagsOf(await writer.query(sql))).toEqual(reply)
      // A window's changes come with time; a stream that has ended shows no more.
      if (number === '17') continue
      await until(() => open.changes.length > before || open.frames.some(frame => frame.type === 'E'), sql)
    }
    for (const { timestamp, progressed } of recorded) {
      // Time goes on as it did, but need not be waited for.
      if (number !== '17' || progressed) continue
      clock.set(Math.max(clock.nowMs(), Number(timestamp)))
      const due = changesOf(recorded.filter(row => row.timestamp <= timestamp)).length
      await until(() => changesOf(open.rows).length >= due, `the changes up to ${timestamp}`)
    }
    if (completes) clock.set(Math.max(clock.nowMs(), Number(recorded.at(-1)?.timestamp)))
    if (/progress/i.test(recording.query ?? '') && !ends) await open.settled()
    if (!ends) await cancel(engine.port, client)
    await open.has('Z')

    // Of a change SUBSCRIBE says at once that it is all, v0.26 some time later; what a window will lose is known long before.
    const closing = generation === 'subscribe' && number !== '17' && /progress/i.test(recording.query ?? '')
    if (closing) expect(closesAtOnce(recorded)).toBe(true)
    compare(recording, generation, 'first message, snapshot, changes, order, end', () => {
      const rows = open.rows
      const actual = split(rows, recording)
      expect(actual.snapshot).toEqual(expected.snapshot)
      expect(grouped(actual.later, expected.later)).toEqual(expected.later)
      const [head] = open.frames
      expect(head?.body.toString('hex')).toBe(messages[0]?.hex)
      expect(open.frames.find(frame => frame.type === 'E')?.body.toString('latin1')).toBe(
        failure === undefined ? undefined : Buffer.from(failure.hex, 'hex').toString('latin1'),
      )
      expect(open.frames.map(frame => frame.type).join('')).toMatch(completes ? /^Hd+cCZ$/ : /^Hd+EZ$/)
      // How many progress rows there are is a matter of time.
      if (completes) expect(tagsOf(open.frames)).toEqual([`COPY ${rows.length}`])
      expect(rows.map(row => row.timestamp)).toEqual(
        [...rows.map(row => row.timestamp)].sort((a, b) => Number(a - b)),
      )
      expect(rows[0]?.progressed).toBe(recorded[0]?.progressed)
      if (closing) expect(closesAtOnce(rows)).toBe(true)
      // One statement: the rows within its timestamp, and those of the snapshot, come in the order of the recording.
      if (number === '21') expect(changesInOrder(rows)).toEqual(changesInOrder(recorded))
    })
  }

  async function refusal(number: string): Promise<void> {
    const recording = golden(generation, number)
    const client = await RawClient.connect(engine.port)
    const answer = await client.query(recording.query ?? '')
    // How far back a time is readable, and a table's number, are each server's own.
    const plain = (body: Buffer): string => body.toString('latin1').replaceAll(/\d{13}|User\(\d+\)/g, '#')
    compare(recording, generation, 'every message', () => {
      expect(answer.map(frame => [frame.type, plain(frame.body)])).toEqual(
        recording.messages?.map(message => [message.type, plain(Buffer.from(message.hex, 'hex'))]),
      )
    })
    client.destroy()
  }

  async function form(number: string): Promise<void> {
    const recording = golden(generation, number)
    const client = await RawClient.connect(engine.port)
    const stream = new OpenStream(client, recording.query ?? '')
    const recorded = (recording.messages ?? []).map(({ type, hex }) => ({
      type,
      body: Buffer.from(hex, 'hex'),
    }))
    // Timestamps are each server's own, and how many progress rows there are is a matter of time.
    const plain = (frames: readonly Frame[]): string[] =>
      [
        ...new Set(frames.map(({ type, body }) => type + body.toString('latin1').replace(/\d{13}/, '#'))),
      ].sort()
    const wanted = plain(recorded).length - 2
    await until(() => plain(stream.frames).length >= wanted, 'the snapshot')
    await cancel(engine.port, client)
    await stream.has('Z')
    compare(recording, generation, 'every message, timestamps aside', () => {
      expect(plain(stream.frames)).toEqual(plain(recorded))
      const order = (frames: readonly Frame[]): string => frames.map(({ type }) => type).join('')
      const runs = (text: string): string => text.replace(/(.)\1+/g, '$1')
      expect(runs(order(stream.frames))).toBe(runs(order(recorded)))
    })
  }

  return { stream, refusal, form }
}

/** Replays a stream that is resumed. */
export async function replayResumption(start: StartEngine): Promise<void> {
  const recording = golden('subscribe', '54')
  const recorded = recordedRows(recording)
  const [asOf = 0, missedAt = 0, resumedAt = 0] = recorded.map(row => Number(row.timestamp))
  const clock = movableClock(asOf - 60_000)
  await using engine = await start({ nowMs: clock.nowMs, historyMs: 3_600_000 })
  const writer = await RawClient.connect(engine.port)
  for (const { sql, reply } of recording.setup ?? []) expect(tagsOf(await writer.query(sql))).toEqual(reply)
  const first = new OpenStream(
    await RawClient.connect(engine.port),
    'copy (subscribe h1 with (progress)) to stdout',
  )
  await first.has('H')
  clock.set(Math.max(clock.nowMs(), asOf + 1))
  await until(() => (first.rows.at(-1)?.timestamp ?? 0n) > BigInt(asOf), 'the frontier beyond AS OF')
  clock.set(Math.max(clock.nowMs(), missedAt))
  await writer.query("insert into h1 values (3,'missed')")
  // Seen by someone else, before the stream comes back to it.
  await until(() => first.changes.some(row => row.line === '3\tmissed'), 'the change')
  first.client.destroy()
  clock.set(Math.max(clock.nowMs(), resumedAt))
  const client = await RawClient.connect(engine.port)
  const stream = new OpenStream(client, recording.query ?? '')
  await until(() => stream.changes.length > 0, 'what was missed')
  for (const { sql, reply } of recording.steps ?? []) {
    const before = stream.changes.length
    expect(tagsOf(await writer.query(sql))).toEqual(reply)
    await until(() => stream.changes.length > before, sql)
  }
  await stream.settled()
  await cancel(engine.port, client)
  await stream.has('Z')
  compare(recording, 'subscribe', 'AS OF, what was missed, changes, end', () => {
    const shape = (rows: readonly StreamRow[]): unknown[] =>
      rows.slice(0, 3).map(({ progressed, diff, line }) => ({ progressed, diff, line }))
    expect(shape(stream.rows)).toEqual(shape(recorded))
    expect(stream.rows[0]?.timestamp).toBe(recorded[0]?.timestamp)
    expect(changesOf(stream.rows)).toEqual(changesOf(recorded))
    const failure = recording.messages?.find(message => message.type === 'E')
    expect(stream.frames.find(frame => frame.type === 'E')?.body.toString('hex')).toBe(failure?.hex)
    expect(stream.frames.map(frame => frame.type).join('')).toMatch(/^Hd+EZ$/)
  })
}
