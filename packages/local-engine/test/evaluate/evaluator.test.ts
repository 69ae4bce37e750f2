import { expect, it } from 'vitest'
import type { Plan } from '../../src/evaluate/backend.js'
import { Database } from '../../src/evaluate/database.js'
import { Evaluator } from '../../src/evaluate/evaluator.js'
import { commandComplete, copyDone, copyOutResponse, message, readyForQuery } from '../../src/wire/backend.js'
import { framesOf } from '../../src/wire/frames.js'
import { readQuery } from '../../src/wire/frontend.js'

/** A database that has these rows in each view; each look at it sees another transaction. Lost while it has none of one. */
function stage(tables: Record<string, readonly string[] | undefined>) {
  const asked: string[] = []
  let transactions = 0
  const answerTo = (sql: string): Buffer[] => {
    asked.push(sql)
    const [, view = ''] = /^COPY \((\w+)/.exec(sql) ?? []
    if (view === '') {
      const snapshot = message('D', body =>
        body
          .int16(1)
          .int32(2)
          .utf8(String(10 + transactions++)),
      )
      const isLook = sql.includes('pg_current_snapshot')
      return [...(isLook ? [snapshot] : []), commandComplete('DONE'), readyForQuery('T')]
    }
    const rows = tables[view]
    if (rows === undefined) throw new Error('lost')
    const data = rows.map(row => message('d', body => body.utf8(`${row}\n`)))
    return [copyOutResponse(1), ...data, copyDone, commandComplete('COPY'), readyForQuery('T')]
  }
  const exchange = async (messages: Uint8Array): Promise<Buffer> => {
    const queries = [...framesOf(Buffer.from(messages))].map(({ body }) => readQuery(body))
    return Buffer.concat(queries.flatMap(answerTo))
  }
  return { evaluator: new Evaluator(new Database({ exchange })), asked, tables }
}

function plan(name: string, oid: number): Plan {
  const columns = [{ name: 'x', oid, typeLength: -1, typmod: -1 }]
  const subject = { kind: 'relation', parts: [name] } as const
  return { key: name, subject, sql: name, name, columns, settings: [], temporal: false, constant: false }
}

const wants = [
  { id: 1, temporal: false, plan: plan('a', 23) },
  { id: 2, temporal: false, plan: plan('b', 3802) },
]

it('what was found before the database was lost comes with the next evaluation, and nothing twice', async () => {
  const { evaluator, tables } = stage({ a: ['1'], b: undefined })
  await expect(evaluator.evaluate({ timestamp: 1, tick: false, wants })).rejects.toThrow('lost')
  tables['b'] = ['2']
  const { views } = await evaluator.evaluate({ timestamp: 2, tick: false, wants })
  expect(views).toEqual([
    { id: 1, changes: [['1', 1]] },
    { id: 2, changes: [['2', 1]] },
  ])
})

it('rows that cannot be read fail their own view alone, until they can', async () => {
  const unreadable = '{"\\\\x": 1}'
  const { evaluator, tables, asked } = stage({ a: ['1'], b: [unreadable] })
  const failed = await evaluator.evaluate({ timestamp: 1, tick: false, wants })
  expect(failed.views).toMatchObject([
    { id: 1, changes: [['1', 1]] },
    { id: 2, changes: [], failure: { code: '54000' } },
  ])
  expect(asked.at(-1)).toBe('COMMIT')
  expect(asked.some(sql => sql.startsWith('ROLLBACK'))).toBe(false)
  tables['b'] = ['{"x": 1}']
  const { views } = await evaluator.evaluate({ timestamp: 2, tick: false, wants })
  expect(views).toEqual([
    { id: 1, changes: [] },
    { id: 2, changes: [['{"x":1}', 1]] },
  ])
})
