import { describe, expect, it } from 'vitest'
import { Database, identifier, literal } from '../../src/evaluate/database.js'
import { PgliteProtocol, type RawProtocol } from '../../src/evaluate/pglite.js'
import { commandComplete, failureIn, message, readyForQuery } from '../../src/wire/backend.js'
import { framesOf } from '../../src/wire/frames.js'
import { query, readQuery, sync } from '../../src/wire/frontend.js'

/** A protocol that answers each query by what it says, and writes down what it was asked. */
function scripted(answerTo: (sql: string) => readonly Buffer[]): { database: Database; asked: string[] } {
  const asked: string[] = []
  const protocol: RawProtocol = {
    execProtocolRawStream: async (messages, { onRawData }) => {
      for (const { type, body } of framesOf(Buffer.from(messages))) {
        const sql = type === 'Q' ? readQuery(body) : type
        asked.push(sql)
        for (const part of answerTo(sql)) onRawData(part)
      }
    },
  }
  return { database: new Database(new PgliteProtocol(protocol)), asked }
}

const done = [commandComplete('SELECT 0'), readyForQuery('I')]
const batch = { settings: [], nowMs: undefined, readsBack: false, customNames: [] }
const resetAll = 'RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL'

describe('a database that says nothing', () => {
  it('to one statement has failed it, and the client is told', async () => {
    const { database } = scripted(sql => (sql === 'deep' ? [readyForQuery('I')] : done))
    const { answer } = await database.run(1, { ...batch, messages: query('deep') })
    expect(failureIn(Buffer.from(answer))).toMatchObject({ code: '54001' })
    expect([...framesOf(Buffer.from(answer))].map(frame => frame.type)).toEqual(['E', 'Z'])
  })

  it('to any statement is broken, and nothing it says is trusted any more', async () => {
    const { database } = scripted(() => [readyForQuery('I')])
    await expect(database.run(1, { ...batch, messages: query('anything') })).rejects.toThrow(
      'does not answer',
    )
  })

  it('to a Sync alone is well', async () => {
    const { database } = scripted(() => [readyForQuery('I')])
    const { answer } = await database.run(1, { ...batch, messages: sync })
    expect(failureIn(Buffer.from(answer))).toBeUndefined()
  })
})

describe('dressing the session', () => {
  it('puts settings on when they differ, and fixes the time always', async () => {
    const { database, asked } = scripted(() => done)
    await database.dress([['timezone', 'UTC']], 1)
    await database.dress([['timezone', 'UTC']], 2)
    await database.dress([], 3)
    expect(asked).toEqual([
      resetAll,
      "SELECT set_config('timezone', 'UTC', false)",
      "SET mz.now = '1'",
      "SET mz.now = '2'",
      resetAll,
      "SET mz.now = '3'",
    ])
  })

  it('puts them on again for whoever comes after somebody else', async () => {
    const { database, asked } = scripted(() => done)
    const messages = query('client')
    await database.run(1, { ...batch, nowMs: 1, messages })
    await database.run(1, { ...batch, nowMs: 2, messages })
    await database.run(2, { ...batch, nowMs: 3, messages })
    await database.dress([], 4)
    expect(asked.filter(sql => !sql.startsWith('SET'))).toEqual([
      'client',
      'client',
      resetAll,
      'client',
      resetAll,
    ])
  })

  it('reads settings back after a statement that may have changed them, once the transaction is over', async () => {
    const { database, asked } = scripted(sql => {
      if (sql === 'begin') return [commandComplete('BEGIN'), readyForQuery('T')]
      if (sql === 'set') return [commandComplete('SET'), readyForQuery('T')]
      if (!sql.includes('pg_settings')) return done
      const row = (name: string, value: string): Buffer =>
        message('D', body => {
          body.int16(2)
          for (const field of [name, value]) body.int32(field.length).utf8(field)
        })
      return [row('timezone', 'UTC'), ...done]
    })
    expect((await database.run(1, { ...batch, messages: query('begin') })).settings).toBeUndefined()
    expect((await database.run(1, { ...batch, messages: query('set') })).settings).toBeUndefined()
    expect(asked).toEqual(['begin', 'set'])
    expect((await database.run(1, { ...batch, messages: query('commit') })).settings).toEqual([
      ['timezone', 'UTC'],
    ])
  })
})

describe('quoting', () => {
  it('keeps any text one literal, and any name one identifier', () => {
    expect(literal("it's")).toBe("'it''s'")
    expect(literal('a\\')).toBe("E'a\\\\'")
    expect(identifier('a"b')).toBe('"a""b"')
  })
})
