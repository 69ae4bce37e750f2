import { type } from 'arktype'
import * as v from 'valibot'
import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import {
  type CamelCase,
  relation,
  type StandardSchema,
  sql,
  type Tail,
  tail,
  type UnknownRow,
  type Update,
} from '../src/index.js'
import { camelCase } from '../src/rows/camel-case.js'
import { messages, progress, update } from '../src/testing/messages.js'
import type { ScriptedClient } from '../src/testing/server.js'
import { collect, failureOf, serve } from './support/serve.js'

const columns = [
  { name: 'alert_cond', oid: 25 },
  { name: 'n_seen', oid: 20 },
]

/** A server whose snapshot is one row that is right and one that is not; then the wrong one goes. */
const script = {
  columns,
  copy: (client: ScriptedClient) =>
    client.send(
      messages.copyOut(5),
      progress(1, 2),
      update(1, 1, 'fast\t1'),
      update(1, 1, '\t2'),
      progress(2, 2),
      update(2, -1, '\t2'),
      progress(3, 2),
    ),
}

const schemas = {
  zod: z.object({ alert_cond: z.string().min(1), n_seen: z.bigint().transform(Number) }),
  valibot: v.object({
    alert_cond: v.pipe(v.string(), v.minLength(1)),
    n_seen: v.pipe(v.bigint(), v.transform(Number)),
  }),
  arktype: type({ alert_cond: 'string > 0', n_seen: ['bigint', '=>', Number] }),
}

const eachSchema = Object.entries<StandardSchema>(schemas)

test.each(eachSchema)(
  'T55: rows are what a schema of %s makes of them; one that it refuses ends the stream',
  async (_, schema) => {
    const { options } = await serve(script)
    const error = await failureOf(collect(tail('t', { ...options, schema }).batches(), () => false))
    expect(error).toMatchObject({ code: 'ROW_INVALID', retryable: false })
    expect(error.message).toMatch(/\{"alert_cond":"","n_seen":"2"\}: alert_cond: /)
  },
)

test.each(eachSchema)(
  'T55: rows that a schema of %s refuses are left out, counted and told',
  async (_, schema) => {
    const { options } = await serve(script)
    const stream = tail('t', { ...options, schema, onInvalidRow: 'skip' })
    const told: string[] = []
    stream.events.on('invalidRow', ({ code }) => told.push(code))
    const batches = await collect(stream.batches({ partRows: 1 }), taken => taken.at(-1)?.upper === 3n)
    const updates = batches.flatMap(batch => batch.updates)
    expect(updates.map(({ row, diff }) => [row, diff])).toEqual([[{ alert_cond: 'fast', n_seen: 1 }, 1]])
    expect(stream.status.invalidRows).toBe(2)
    expect(told).toEqual(['ROW_INVALID', 'ROW_INVALID'])
  },
)

test('T55: a schema that answers later is refused, since rows would wait for it one by one', async () => {
  const { options } = await serve(script)
  const schema = z.object({ alert_cond: z.string() }).refine(async () => true)
  const later = { '~standard': { ...schema['~standard'], validate: async () => ({ value: 1 }) } } as const
  const error = await failureOf(collect(tail('t', { ...options, schema: later }).batches(), () => false))
  expect(error.code).toBe('INVALID_OPTION')
})

test('T55: columns in camelCase, for the schema too', async () => {
  const { options } = await serve(script)
  const schema = z.object({ alertCond: z.string(), nSeen: z.bigint() })
  const [first] = await collect(
    tail('t', { ...options, schema, columnNames: 'camelCase' }).batches(),
    () => true,
  )
  expect(first?.updates[0]?.row).toEqual({ alertCond: 'fast', nSeen: 1n })
  expect(['a_b_c', '_a_b', 'a__b', 'a_', 'a_1b', 'aB', '__x'].map(camelCase)).toEqual([
    'aBC',
    '_aB',
    'a__b',
    'a_',
    'a1b',
    'aB',
    '__x',
  ])
})

test('T36: two columns that are one in camelCase are refused', async () => {
  const { options } = await serve({
    ...script,
    columns: [
      { name: 'a_b', oid: 25 },
      { name: 'aB', oid: 20 },
    ],
  })
  const stream = tail('t', { ...options, columnNames: 'camelCase' })
  expect(await failureOf(collect(stream.batches(), () => true))).toMatchObject({ code: 'DUPLICATE_COLUMN' })
})

test.each([
  ['is gone', [...columns, { name: 'gone', oid: 25 }], /Column "gone" is gone since its types were written/],
  [
    'has another type',
    [columns[0], { name: 'n_seen', oid: 25 }],
    /Column "n_seen" has type OID 20, not 25 as/,
  ],
  ['is new', [columns[0]], /Column "n_seen" is new/],
  ['has moved', [columns[1], columns[0]], /Column "alert_cond" is in another place/],
])('a relation with a column that %s is refused before any row', async (_, expected, message) => {
  const { options, server } = await serve(script)
  const view = relation<UnknownRow>(
    't',
    expected.filter(column => column !== undefined),
  )
  const error = await failureOf(collect(tail(view, options).batches(), () => true))
  expect(error).toMatchObject({ code: 'SCHEMA_MISMATCH', message: expect.stringMatching(message) })
  expect(server.statements.at(-1)).toContain('"t"')
})

test('T55: the type of rows comes from a generic, a schema, or a relation', () => {
  const connection = 'postgres://localhost/x'
  interface Alert {
    readonly alert_cond: string
    readonly n_seen: bigint | null
  }
  const view = relation<Alert>('t', columns)
  expectTypeOf(tail('t', { connection })).toEqualTypeOf<Tail<UnknownRow>>()
  expectTypeOf(tail<Alert>('t', { connection })).toEqualTypeOf<Tail<Alert>>()
  expectTypeOf(tail<Alert>(sql`select 1`, { connection })).toEqualTypeOf<Tail<Alert>>()
  expectTypeOf(tail(view, { connection })).toEqualTypeOf<Tail<Alert>>()
  expectTypeOf(tail(view, { connection, columnNames: 'camelCase' })).toEqualTypeOf<
    Tail<{ readonly alertCond: string; readonly nSeen: bigint | null }>
  >()
  type Row = { alert_cond: string; n_seen: number }
  expectTypeOf(tail('t', { connection, schema: schemas.zod })).toEqualTypeOf<Tail<Row>>()
  expectTypeOf(tail('t', { connection, schema: schemas.valibot })).toEqualTypeOf<Tail<Row>>()
  expectTypeOf(tail('t', { connection, schema: schemas.arktype })).toEqualTypeOf<Tail<Row>>()
  expectTypeOf(tail(view, { connection, schema: schemas.zod })).toEqualTypeOf<Tail<Row>>()
  expectTypeOf<CamelCase<'_a__b_c_1d'>>().toEqualTypeOf<'_a__bC1d'>()
  expectTypeOf(tail(view, { connection })[Symbol.asyncIterator]().next).returns.resolves.toExtend<
    IteratorResult<Update<Alert>>
  >()
  // @ts-expect-error: a key is a column.
  expect(() => tail(view, { connection }).changes({ key: 'nope' })).not.toThrow()
  // @ts-expect-error: options are checked.
  expect(() => tail(view, { connection, columnNames: 'snake' })).toThrow()
})
