import type { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import {
  type Batch,
  type Change,
  fromCopyStream,
  type LiveCollection,
  type ResumableBatch,
  relation,
  type Tail,
  type TailError,
  tail,
  type tailAll,
  type UnknownRow,
  type Update,
} from '../src/index.js'

interface Alert {
  readonly id: bigint
  readonly labels: string | null
}
const connection = 'postgres://localhost/x'
const alerts = (): Tail<Alert> => tail<Alert>('t', { connection })

test('a change says by its type which of the rows there are', () => {
  const told = (change: Change<Alert>): void => {
    expectTypeOf(change.type).toEqualTypeOf<'insert' | 'update' | 'delete'>()
    expectTypeOf(change.timestamp).toEqualTypeOf<bigint>()
    if (change.type === 'insert') {
      expectTypeOf(change.row).toEqualTypeOf<Alert>()
      expectTypeOf(change.previous).toEqualTypeOf<undefined>()
    } else if (change.type === 'update') {
      expectTypeOf(change.row).toEqualTypeOf<Alert>()
      expectTypeOf(change.previous).toEqualTypeOf<Alert>()
    } else {
      expectTypeOf(change.row).toEqualTypeOf<undefined>()
      expectTypeOf(change.previous).toEqualTypeOf<Alert>()
    }
  }
  expectTypeOf(told).parameter(0).toEqualTypeOf<Change<Alert>>()
  expectTypeOf(alerts().changes({ key: 'id' })).toExtend<AsyncIterable<Change<Alert>>>()
  expectTypeOf(alerts().changes).parameter(0).toHaveProperty('envelope')
})

test('a key is a column, several, or a function of the row', () => {
  const { changes, collection } = alerts()
  expectTypeOf(changes).toBeCallableWith({ key: 'id' })
  expectTypeOf(changes).toBeCallableWith({ key: ['id', 'labels'], envelope: 'upsert' })
  expectTypeOf(changes).toBeCallableWith({ key: ({ id }) => String(id), onKeyViolation: 'report' })
  expectTypeOf(collection).toBeCallableWith({ key: 'labels' })
  expectTypeOf(collection).toBeCallableWith()
  // @ts-expect-error: there is no such column.
  expectTypeOf(changes).toBeCallableWith({ key: 'nope' })
  // @ts-expect-error: nor such an envelope.
  expectTypeOf(changes).toBeCallableWith({ key: 'id', envelope: 'avro' })
})

test('batches, collections and streams have the rows of their tail', () => {
  const stream = alerts()
  expectTypeOf(stream.batches()).toExtend<AsyncIterable<ResumableBatch<Alert>>>()
  expectTypeOf(stream.collection).returns.toEqualTypeOf<LiveCollection<Alert>>()
  type Live = LiveCollection<Alert>
  expectTypeOf<Live['rows']>().returns.toEqualTypeOf<readonly Alert[]>()
  expectTypeOf<Live['get']>().returns.toEqualTypeOf<Alert | undefined>()
  expectTypeOf<Live['first']>().returns.toEqualTypeOf<readonly Alert[]>()
  expectTypeOf<Live>().toExtend<Iterable<Alert>>()
  expectTypeOf(stream.toReadable).returns.toEqualTypeOf<Readable>()
  expectTypeOf(stream.toWeb).returns.toEqualTypeOf<ReadableStream<Update<Alert>>>()
})

test('views that are taken together have each its own rows', () => {
  const views = {
    alerts: alerts(),
    counts: tail<{ n: bigint }>('c', { connection }),
    any: tail('u', { connection }),
  }
  type Joint = ReturnType<typeof tailAll<typeof views>> extends AsyncGenerator<infer Batch> ? Batch : never
  expectTypeOf<Joint['updates']['alerts']>().toEqualTypeOf<readonly Update<Alert>[]>()
  expectTypeOf<Joint['updates']['counts']>().toEqualTypeOf<readonly Update<{ n: bigint }>[]>()
  expectTypeOf<Joint['updates']['any']>().toEqualTypeOf<readonly Update<UnknownRow>[]>()
  expectTypeOf<Joint['upper']>().toEqualTypeOf<bigint>()
})

test('events say what they carry', () => {
  const { events } = alerts()
  events.on('retry', event =>
    expectTypeOf(event).toExtend<{
      readonly error: TailError
      readonly attempt: number
      readonly delayMs: number
    }>(),
  )
  events.on('reconciled', ({ frontier }) => expectTypeOf(frontier).toEqualTypeOf<bigint>())
  events.on('end', ({ error }) => expectTypeOf(error).toEqualTypeOf<unknown>())
  // @ts-expect-error: nobody tells that.
  events.on('reconnected', () => {})
})

test('a schema, a relation and a COPY give their rows to everything that follows', () => {
  const schema = z.object({ id: z.bigint().transform(Number) })
  const parsed = tail('t', { connection, schema })
  expectTypeOf(parsed.collection).returns.toEqualTypeOf<LiveCollection<{ id: number }>>()
  expectTypeOf(parsed.changes).toBeCallableWith({ key: 'id' })
  const view = relation<{ readonly alert_cond: string }>('t', [{ name: 'alert_cond', oid: 25 }])
  const camel = tail(view, { connection, columnNames: 'camelCase' })
  expectTypeOf(camel.collection).returns.toEqualTypeOf<LiveCollection<{ readonly alertCond: string }>>()
  expectTypeOf(fromCopyStream<Alert>).returns.toExtend<AsyncIterable<Batch<Alert>>>()
})
