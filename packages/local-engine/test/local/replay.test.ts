import type { Generation } from '@mzalert/local-engine'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engineFor, movableClock, type TestEngine } from '../support/engine.js'
import { type Golden, golden, recordedRows } from '../support/golden.js'
import { cancel, RawClient, tagsOf } from '../support/raw-client.js'
import { contents, OpenStream, type StreamRow } from '../support/stream.js'
import { until } from '../support/wait.js'

/** Streams whose changes can be made again, in the order in which they were recorded: some lean on earlier ones. */
const streams: Readonly<Record<Generation, readonly string[]>> = {
  tail: ['01', '02', '03', '04', '05', '09', '16', '17', '18', '20', '21'],
  subscribe: ['01', '02', '03', '04', '05', '09', '14', '15', '16', '17', '18', '20', '21', '57'],
}
/** Statements that are refused. */
const refusals: Readonly<Record<Generation, readonly string[]>> = {
  tail: ['10', '11', '12'],
  subscribe: ['10', '11', '12', '59'],
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

describe.each(['tail', 'subscribe'] as const)('posing as the generation of %s', generation => {
  const clock = movableClock(1_795_400_000_000)
  let engine: TestEngine
  let writer: RawClient

  beforeAll(async () => {
    engine = await engineFor({ generation, nowMs: clock.nowMs })
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

  it.each(streams[generation])('gives the rows, changes and messages of recording %s', async number => {
    const recording = golden(generation, number)
    const recorded = recordedRows(recording)
    const expected = split(recorded, recording)
    clock.set(Math.max(clock.nowMs(), Number(recorded[0]?.timestamp ?? 0)))
    await prepare(recording)
    const client = await RawClient.connect(engine.port)
    const stream = new OpenStream(client, recording.query ?? '')
    await stream.has('H')
    await until(() => {
      const seen = contents(stream.rows)
      return [...expected.snapshot].every(([line, count]) => seen.get(line) === count)
    }, 'the snapshot')
    const messages = recording.messages ?? []
    const failure = messages.find(message => message.type === 'E')
    const ends = failure !== undefined && !failure.hex.includes(Buffer.from('57014').toString('hex'))
    for (const { sql, reply } of recording.steps ?? []) {
      const before = stream.changes.length
      expect(tagsOf(await writer.query(sql))).toEqual(reply)
      // A window's changes come with time; a stream that has ended shows no more.
      if (number === '17') continue
      await until(
        () => stream.changes.length > before || stream.frames.some(frame => frame.type === 'E'),
        sql,
      )
    }
    for (const { timestamp, progressed } of recorded) {
      // Time goes on as it did, but need not be waited for.
      if (number !== '17' || progressed) continue
      clock.set(Math.max(clock.nowMs(), Number(timestamp)))
      const due = changesOf(recorded.filter(row => row.timestamp <= timestamp)).length
      await until(() => changesOf(stream.rows).length >= due, `the changes up to ${timestamp}`)
    }
    if (/progress/i.test(recording.query ?? '') && !ends) await stream.settled()
    if (!ends) await cancel(engine.port, client)
    await stream.has('Z')

    const rows = stream.rows
    const actual = split(rows, recording)
    expect(actual.snapshot).toEqual(expected.snapshot)
    expect(grouped(actual.later, expected.later)).toEqual(expected.later)
    const [head] = stream.frames
    expect(head?.body.toString('hex')).toBe(messages[0]?.hex)
    expect(stream.frames.find(frame => frame.type === 'E')?.body.toString('latin1')).toBe(
      failure === undefined ? undefined : Buffer.from(failure.hex, 'hex').toString('latin1'),
    )
    expect(stream.frames.map(frame => frame.type).join('')).toMatch(/^Hd+EZ$/)
    expect(rows.map(row => row.timestamp)).toEqual(
      [...rows.map(row => row.timestamp)].sort((a, b) => Number(a - b)),
    )
    expect(rows[0]?.progressed).toBe(recorded[0]?.progressed)
  })

  it.each(refusals[generation])('refuses as recording %s does', async number => {
    const recording = golden(generation, number)
    const client = await RawClient.connect(engine.port)
    const answer = await client.query(recording.query ?? '')
    // How far back a time is readable, and a table's number, are each server's own.
    const plain = (body: Buffer): string => body.toString('latin1').replaceAll(/\d{13}|User\(\d+\)/g, '#')
    expect(answer.map(frame => [frame.type, plain(frame.body)])).toEqual(
      recording.messages?.map(message => [message.type, plain(Buffer.from(message.hex, 'hex'))]),
    )
    client.destroy()
  })
})
