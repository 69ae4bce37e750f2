import { afterAll, beforeAll, expect, it } from 'vitest'
import { message } from '../../src/wire/backend.js'
import { copyDone, query } from '../../src/wire/frontend.js'
import { engineFor, type TestEngine } from '../support/engine.js'
import { bind, parse, readDataRowFor, sync, target } from '../support/extended.js'
import { errorsOf, RawClient, tagsOf } from '../support/raw-client.js'
import { OpenStream } from '../support/stream.js'
import { until } from '../support/wait.js'

let engine: TestEngine
let client: RawClient

beforeAll(async () => {
  engine = await engineFor({ maxCopyInBytes: 100_000 })
  await engine.execute('create table loaded (id int, s text)')
  client = await RawClient.connect(engine.port)
})

afterAll(() => engine.close())

function data(text: string): Buffer {
  return message('d', body => body.utf8(text))
}

async function count(): Promise<string | null | undefined> {
  return readDataRowFor(await client.query('select count(*) from loaded'))?.[0]
}

it('a load arrives whole, in pieces that break anywhere', async () => {
  await client.query('truncate loaded')
  client.write(query('copy loaded from stdin'))
  const opening = await client.answer('G')
  // Text, and the columns of the table: what PostgreSQL itself would say.
  expect(opening.at(-1)?.body.toString('hex')).toBe('00000200000000')
  client.write(data('1\ton'), data('e\n2\ttwo'), data('\n'), copyDone)
  const answer = await client.answer()
  expect(answer.map(frame => frame.type).join('')).toBe('CZ')
  expect(tagsOf(answer)).toEqual(['COPY 2'])
  expect(await count()).toBe('2')
})

it('a load of a table that does not exist fails before any data is asked for', async () => {
  const answer = await client.query('copy nowhere from stdin')
  expect(answer.map(frame => frame.type).join('')).toBe('EZ')
  expect(errorsOf(answer)).toMatchObject([{ code: '42P01' }])
})

it('a load with a line that is wrong fails as a whole, with the place', async () => {
  await client.query('truncate loaded')
  client.write(query('copy loaded (id, s) from stdin with (format csv)'))
  await client.answer('G')
  client.write(data('1,a\nx,b\n'), copyDone)
  expect(errorsOf(await client.answer())).toMatchObject([{ code: '22P02' }])
  expect(await count()).toBe('0')
})

it('a load that its client gives up has no effect', async () => {
  client.write(query('copy loaded from stdin'))
  await client.answer('G')
  client.write(
    data('1\ta\n'),
    message('f', body => body.cstring('changed my mind')),
  )
  const [failed] = errorsOf(await client.answer())
  expect(failed).toMatchObject({ code: '57014', message: 'COPY from stdin failed: changed my mind' })
  expect(await count()).toBe('0')
})

it('a load beyond the bound is refused, and the connection survives what was still on its way', async () => {
  client.write(query('copy loaded from stdin'))
  await client.answer('G')
  const chunk = data('1\ta\n'.repeat(10_000))
  client.write(chunk, chunk, chunk, chunk, copyDone)
  expect(errorsOf(await client.answer())).toMatchObject([
    { code: '53200', message: 'COPY from stdin is larger than 100000 bytes' },
  ])
  expect(await count()).toBe('0')
})

it('binary data is loaded too', async () => {
  client.write(query('copy loaded from stdin (format binary)'))
  expect((await client.answer('G')).at(-1)?.body.toString('hex')).toBe('01000200010001')
  const binary = Buffer.from(
    'PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\x02\0\0\0\x04\0\0\0\x07\0\0\0\x01x\xff\xff',
    'latin1',
  )
  client.write(
    message('d', body => body.bytes(binary)),
    copyDone,
  )
  expect(tagsOf(await client.answer())).toEqual(['COPY 1'])
  expect(readDataRowFor(await client.query('select id, s from loaded'))).toEqual(['7', 'x'])
})

it('a load in a transaction is part of it', async () => {
  await client.query('truncate loaded')
  await client.query('begin')
  client.write(query('copy loaded from stdin'))
  await client.answer('G')
  client.write(data('1\ta\n'), copyDone)
  expect((await client.answer()).at(-1)?.body.toString()).toBe('T')
  await client.query('rollback')
  expect(await count()).toBe('0')
})

it('a load by the extended protocol, with the Sync sent ahead as libpq does', async () => {
  const other = await RawClient.connect(engine.port)
  other.write(parse('', 'copy loaded from stdin'), bind('', ''), target('D'), target('E'), sync)
  await other.answer('G')
  other.write(data('5\tfive\n'), copyDone, sync)
  const answer = await other.answer()
  expect(tagsOf(answer)).toEqual(['COPY 1'])
  expect(await count()).toBe('1')
  other.destroy()
})

it('a client that vanishes in the middle of a load leaves nothing behind', async () => {
  const other = await RawClient.connect(engine.port)
  other.write(query('copy loaded from stdin'))
  await other.answer('G')
  other.write(data('1\ta\n'))
  other.destroy()
  await until(() => other.ended, 'the end')
  expect(await count()).toBe('1')
})

it('a stream shows what a load brings, at one timestamp', async () => {
  await client.query('truncate loaded')
  const stream = new OpenStream(
    await RawClient.connect(engine.port),
    'copy (subscribe loaded with (progress)) to stdout',
  )
  await stream.has('H')
  client.write(query('copy loaded from stdin'))
  await client.answer('G')
  client.write(data('1\ta\n2\tb\n'), copyDone)
  await client.answer()
  await stream.shows('1\ta', '2\tb')
  expect(new Set(stream.changes.map(row => row.timestamp)).size).toBe(1)
  stream.client.destroy()
})
