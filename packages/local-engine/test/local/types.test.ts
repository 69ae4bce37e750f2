import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engineFor, type TestEngine } from '../support/engine.js'
import { golden } from '../support/golden.js'
import { RawClient } from '../support/raw-client.js'
import { rowsOf } from '../support/stream.js'

/** Columns of the recorded view whose types PostgreSQL lacks. */
const foreign: ReadonlySet<string> = new Set(['l', 'm', 'u2', 'u4', 'u8', 'mt', 'll', 'mm'])

describe.each(['tail', 'subscribe'] as const)(
  'values of every type, as the generation of %s writes them',
  generation => {
    let engine: TestEngine
    const recording = golden(generation, '06')
    const definition = recording.setup?.[0]?.sql ?? ''
    const columns = splitTop(definition.slice(definition.indexOf('select') + 'select'.length)).map(
      column => ({
        sql: column.trim(),
        name: column.trim().split(' ').at(-1) ?? '',
      }),
    )
    const kept = columns.filter(({ name }) => !foreign.has(name))

    beforeAll(async () => {
      engine = await engineFor({ generation })
    })

    afterAll(() => engine.close())

    it('L1: are written as they were recorded, and a view that never changes ends', async () => {
      // PostgreSQL has records in queries, but not in views.
      const query = `(select ${kept.map(column => column.sql).join(', ')})`
      const client = await RawClient.connect(engine.port)
      const answer = await client.query(`copy (${generation} ${query} with (progress)) to stdout`)
      const recorded = (recording.messages ?? []).map(({ type, hex }) => ({
        type,
        body: Buffer.from(hex, 'hex'),
      }))
      expect(answer.map(frame => frame.type)).toEqual(recorded.map(frame => frame.type))
      const fieldsOf = (rows: ReturnType<typeof rowsOf>): string[] => rows.at(-1)?.line.split('\t') ?? []
      const wanted = fieldsOf(rowsOf(recorded, true)).filter((_, i) => !foreign.has(columns[i]?.name ?? ''))
      const actual = fieldsOf(rowsOf(answer, true))
      expect(kept.map(({ name }, i) => [name, actual[i]])).toEqual(
        kept.map(({ name }, i) => [name, wanted[i]]),
      )
      expect(rowsOf(answer, true).map(row => row.timestamp)).toEqual(
        rowsOf(recorded, true).map(row => row.timestamp),
      )
      expect(answer.at(-2)?.body.toString()).toBe(recorded.at(-2)?.body.toString())
    })
  },
)

/** The parts of a select list. */
function splitTop(sql: string): string[] {
  const parts: string[] = []
  let depth = 0
  let quoted = false
  let start = 0
  for (const [i, character] of [...sql].entries()) {
    if (character === "'") quoted = !quoted
    if (quoted) continue
    if ('([{'.includes(character)) depth++
    if (')]}'.includes(character)) depth--
    if (character === ',' && depth === 0) {
      parts.push(sql.slice(start, i))
      start = i + 1
    }
  }
  return [...parts, sql.slice(start)]
}
