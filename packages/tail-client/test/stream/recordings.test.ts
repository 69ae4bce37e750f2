import { describe, expect, test } from 'vitest'
import { escapeField } from '../../src/testing/messages.js'
import { decode, sum, type ToldBatch } from '../support/decode.js'
import { bytesOf, columnCount, type Recording, recording, textStreams } from '../support/golden.js'

function play(of: Recording, chunkBytes?: number): ReturnType<typeof decode> {
  const bytes = Buffer.concat(of.messages.map(bytesOf))
  const beginning = /SNAPSHOT = false/i.test(of.query) ? 'no snapshot' : 'snapshot'
  return decode(bytes, {
    generation: of.generation,
    columnCount: columnCount(of),
    beginning,
    chunkBytes: chunkBytes ?? bytes.length,
  })
}

/** The lines of a recording, told apart by a reader that shares nothing with ours. */
function linesOf({
  messages,
}: Recording): { timestamp: bigint; isProgress: boolean; diff: number; raw: string }[] {
  return messages
    .filter(({ type }) => type === 'd')
    .map(({ hex }) => {
      const [timestamp = '', progressed, diff, ...rest] = Buffer.from(hex, 'hex')
        .toString('utf8')
        .slice(0, -1)
        .split('\t')
      return {
        timestamp: BigInt(timestamp),
        isProgress: progressed === 't',
        diff: Number(diff),
        raw: rest.join('\t'),
      }
    })
}

const streams = textStreams()

test('the recordings of both generations are there', () => {
  expect(streams.filter(({ generation }) => generation === 'tail').length).toBeGreaterThanOrEqual(18)
  expect(streams.filter(({ generation }) => generation === 'subscribe').length).toBeGreaterThanOrEqual(20)
})

describe.each(streams.map(stream => [`${stream.generation} ${stream.name}`, stream] as const))(
  '%s',
  (_, stream) => {
    const { batches, ending } = play(stream)

    test('T1: nothing is shown before the frontier has passed its timestamp, and nothing that it has passed is held back', () => {
      const lines = linesOf(stream)
      const frontier = lines.filter(({ isProgress }) => isProgress).at(-1)?.timestamp ?? 0n
      const isComplete = ending?.kind === 'complete'
      const closed = lines.filter(
        ({ isProgress, timestamp }) => !isProgress && (isComplete || timestamp < frontier),
      )
      const expected = sum([{ updates: closed }])
      expect(sum(batches)).toEqual(expected)
      for (const { updates, lower, upper } of batches)
        for (const { timestamp } of updates) expect(timestamp >= lower && timestamp < upper).toBe(true)
    })

    test('T2: updates come in order of timestamp, one per timestamp and row, and never with diff 0', () => {
      let latest = 0n
      const seen = new Set<string>()
      for (const { updates } of batches)
        for (const { timestamp, diff, raw } of updates) {
          expect(timestamp >= latest).toBe(true)
          latest = timestamp
          expect(diff).not.toBe(0)
          const identity = `${timestamp} ${raw}`
          expect(seen.has(identity)).toBe(false)
          seen.add(identity)
        }
    })

    test('batches follow each other without a gap, the snapshot first and once', () => {
      batches.forEach((batch, index) => {
        const before = batches[index - 1]
        if (before) expect(batch.lower).toBe(before.upper)
        expect(batch.upper > batch.lower).toBe(true)
        if (index > 0) expect(batch.kind).not.toBe('snapshot')
      })
    })

    test('chunks may end anywhere', () => {
      const totalBytes = stream.messages.reduce((bytes, { hex }) => bytes + hex.length / 2, 0)
      const sizes = totalBytes > 100_000 ? [65_536, 10_007] : [1, 2, 3, 7, 1000]
      for (const chunkBytes of sizes) {
        const again = play(stream, chunkBytes)
        expect(withoutBytes(again.batches)).toEqual(withoutBytes(batches))
        expect(again.ending?.kind).toBe(ending?.kind)
      }
    })
  },
)

test.each(['tail', 'subscribe'] as const)(
  'T3: the sum of the updates is what SELECT says (%s)',
  generation => {
    for (const number of ['40', '41']) {
      const stream = recording(generation, number)
      const rows = new Map<string, number>()
      for (const values of stream.truth ?? []) {
        const raw = values.map(escapeField).join('\t')
        rows.set(raw, (rows.get(raw) ?? 0) + 1)
      }
      expect(rows.size).toBeGreaterThan(0)
      expect(sum(play(stream).batches)).toEqual(rows)
    }
  },
)

test('T52: a constant view ends, complete, with its rows', () => {
  for (const generation of ['tail', 'subscribe'] as const) {
    const { batches, ending } = play(recording(generation, '06'))
    expect(ending).toEqual({ kind: 'complete' })
    expect(batches.map(({ kind, updates }) => [kind, updates.length])).toEqual([['snapshot', 1]])
  }
})

test.each([
  ['tail', '10', 'RELATION_NOT_FOUND', false],
  ['subscribe', '10', 'RELATION_NOT_FOUND', false],
  ['tail', '11', 'SQL_ERROR', false],
  ['subscribe', '11', 'SQL_ERROR', false],
  ['tail', '12', 'HISTORY_LOST', false],
  ['subscribe', '12', 'HISTORY_LOST', false],
  ['subscribe', '14', 'RELATION_DROPPED', true],
  ['subscribe', '15', 'DATAFLOW_ERROR', true],
  ['subscribe', '57', 'RELATION_DROPPED', true],
  ['subscribe', '59', 'SQL_ERROR', false],
  ['tail', '18', 'CANCELED', true],
  ['subscribe', '18', 'CANCELED', true],
] as const)('%s %s is told as %s', (generation, number, code, retryable) => {
  const { ending } = play(recording(generation, number))
  expect(ending).toMatchObject({ kind: 'failed', error: { code, retryable } })
})

function withoutBytes(batches: readonly ToldBatch[]): unknown {
  return batches.map(({ bytes: _, ...rest }) => rest)
}
