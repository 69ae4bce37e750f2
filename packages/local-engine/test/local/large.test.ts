import { afterAll, beforeAll, expect, it } from 'vitest'
import { engineFor, type TestEngine } from '../support/engine.js'
import { readDataRowFor } from '../support/extended.js'
import { RawClient } from '../support/raw-client.js'
import { OpenStream } from '../support/stream.js'
import { until } from '../support/wait.js'

let engine: TestEngine

beforeAll(async () => {
  engine = await engineFor()
  await engine.execute('create table small (x int); create table large (doc jsonb)')
})

afterAll(() => engine.close())

it('L2: a jsonb of many megabytes is streamed, and no row of a view beside it is lost', async () => {
  const small = await OpenStream.accepted(engine.port, 'copy (subscribe small) to stdout')
  const large = await OpenStream.accepted(engine.port, 'copy (subscribe large) to stdout')
  await engine.execute(
    `insert into small values (1); insert into large select to_jsonb(repeat('a', 12000000))`,
  )
  await until(() => large.changes.some(({ line }) => line.length === 12_000_002), 'the large row')
  await engine.execute('insert into small values (2)')
  await small.shows('1', '2')
  expect(engine.events.filter(({ type }) => type === 'died' || type === 'evaluation-failed')).toEqual([])
  small.client.destroy()
  large.client.destroy()
})

it('a literal of many megabytes is a statement like any other', async () => {
  const client = await RawClient.connect(engine.port)
  const answer = await client.query(`select length('${'a'.repeat(12_000_000)}')`)
  expect(readDataRowFor(answer)).toEqual(['12000000'])
  client.destroy()
})
