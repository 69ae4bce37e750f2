import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readRowDescription } from '../../src/wire/backend.js'
import { flush, parse, sync, target } from '../../src/wire/frontend.js'
import { engineFor, type TestEngine } from '../support/engine.js'
import { golden } from '../support/golden.js'
import { RawClient } from '../support/raw-client.js'

describe.each(['tail', 'subscribe'] as const)('describing statements of the generation of %s', generation => {
  let engine: TestEngine
  let client: RawClient
  // The others hold types that PostgreSQL lacks (lists, maps, unsigned integers), and envelopes.
  const cases = (golden(generation, '22').describes ?? []).filter(({ sql }) => !/a6|ENVELOPE/.test(sql))

  beforeAll(async () => {
    engine = await engineFor({ generation })
    client = await RawClient.connect(engine.port)
    await client.query('create table a1 (id int not null, name text)')
  })

  afterAll(() => engine.close())

  it('has every recorded description that PostgreSQL has the types for', () => {
    expect(cases).toHaveLength(6)
  })

  it.each(cases)('L1: answers $sql byte for byte as recorded', async ({ sql, messages }) => {
    client.write(parse({ name: '', sql, rest: Buffer.alloc(2) }), target('D', { kind: 'S', name: '' }), sync)
    const answer = await client.answer()
    const recorded = messages.map(message => [message.type, message.hex])
    // A column of a table carries the table's number in PostgreSQL, and none in Materialize.
    const comparable = answer.map(({ type, body }) => [type, body.toString('hex')])
    if (sql.startsWith('select'))
      expect(comparable.map(([type]) => type)).toEqual(recorded.map(([type]) => type))
    else expect(comparable).toEqual(recorded)
  })

  it('describes a numeric column with the precision that Materialize has', async () => {
    await client.query('create table amounts (plain numeric, cents numeric(10,2))')
    client.write(
      parse({ name: '', sql: `${generation} amounts`, rest: Buffer.alloc(2) }),
      target('D', { kind: 'S', name: '' }),
      flush,
    )
    const description = (await client.answer('T')).at(-1)?.body ?? Buffer.alloc(0)
    expect(readRowDescription(description).map(({ name, typmod }) => [name, typmod])).toEqual([
      ['mz_timestamp', 2555908],
      ['mz_diff', -1],
      ['plain', 2555947],
      ['cents', 2555910],
    ])
    client.write(sync)
    await client.answer()
  })
})
