import { describe, expect, it } from 'vitest'
import type { Failure } from '../../src/wire/failure.js'
import { statementsOf as read, type Statement } from '../../src/wire/statement.js'
import type { Subscription } from '../../src/wire/subscription.js'

function statementsOf(sql: string, generation: 'tail' | 'subscribe'): Statement[] {
  return read(sql, { generation, shared: true, historyMs: 3_600_000 })
}

function subscriptionOf(sql: string, generation: 'tail' | 'subscribe' = 'subscribe'): Subscription {
  const [statement] = statementsOf(sql, generation)
  if (statement?.kind !== 'subscribe') throw new Error(`not a subscription: ${JSON.stringify(statement)}`)
  return statement.subscription
}

function refusalOf(sql: string, generation: 'tail' | 'subscribe' = 'subscribe'): Failure {
  const [statement] = statementsOf(sql, generation)
  if (statement?.kind !== 'refused') throw new Error(`not refused: ${JSON.stringify(statement)}`)
  return statement.failure
}

const plain = { progress: false, snapshot: true }

describe('recognising a stream', () => {
  it.each<[string, Subscription]>([
    ['COPY (SUBSCRIBE v) TO STDOUT', { subject: { kind: 'relation', parts: ['v'] }, ...plain }],
    [
      'copy(subscribe to s."V w") to stdout;',
      { subject: { kind: 'relation', parts: ['s', 'V w'] }, ...plain },
    ],
    [
      'COPY (SUBSCRIBE v WITH (PROGRESS, SNAPSHOT = false) AS OF 12 UP TO 34) TO STDOUT WITH (FORMAT text)',
      {
        subject: { kind: 'relation', parts: ['v'] },
        progress: true,
        snapshot: false,
        asOf: { kind: 'at', timestamp: 12n },
        upTo: 34n,
      },
    ],
    [
      "copy (subscribe (select ')' /* ) */ from (values (1)) as x) with (progress = true)) to stdout",
      {
        subject: { kind: 'query', sql: "select ')' /* ) */ from (values (1)) as x" },
        progress: true,
        snapshot: true,
      },
    ],
    [
      "copy (subscribe v as of at least '18446744073709551615'::mz_timestamp) to stdout",
      {
        subject: { kind: 'relation', parts: ['v'] },
        ...plain,
        asOf: { kind: 'at least', timestamp: 18446744073709551615n },
      },
    ],
    [
      'subscribe v with (snapshot false)',
      { subject: { kind: 'relation', parts: ['v'] }, progress: false, snapshot: false },
    ],
  ])('%s', (sql, subscription) => {
    expect(subscriptionOf(sql)).toEqual(subscription)
  })

  it('takes AS OF now() in TAIL alone', () => {
    expect(subscriptionOf('copy (tail v as of now()) to stdout', 'tail').asOf).toEqual({ kind: 'now' })
    expect(refusalOf('copy (subscribe v as of now()) to stdout')).toMatchObject({
      code: '0A000',
      message: 'cannot call current_timestamp in AS OF or UP TO ',
    })
  })

  it.each([
    ['copy (tail x) to stdout', '42601', 'TAIL has been renamed to SUBSCRIBE', 7],
    ['  tail x', '42601', 'TAIL has been renamed to SUBSCRIBE', 3],
    [
      'copy (tails x) to stdout',
      '42601',
      'Expected a keyword at the beginning of a statement, found identifier "tails"',
      7,
    ],
    ['copy (subscribe) to stdout', '42601', 'Expected identifier, found EOF', undefined],
    [
      'copy (subscribe x with (speed)) to stdout',
      '42601',
      'Expected one of PROGRESS or SNAPSHOT, found identifier "speed"',
      25,
    ],
    [
      'copy (subscribe x up to then) to stdout',
      '22000',
      'AS OF or UP TO should be castable to a (non-null) mz_timestamp value',
      undefined,
    ],
    ['copy (subscribe x envelope upsert (key (a))) to stdout', '0A000', undefined, undefined],
    ['copy (subscribe x with (progress) envelope upsert (key (a))) to stdout', '0A000', undefined, undefined],
    ['copy (subscribe x within timestamp order by a) to stdout', '0A000', undefined, undefined],
    [
      'copy (subscribe x) to stdout (format binary)',
      '0A000',
      'COPY TO format Binary not supported',
      undefined,
    ],
    [
      "copy (subscribe x) to stdout with (header, delimiter ',')",
      '0A000',
      'COPY TO does not support DELIMITER option yet',
      undefined,
    ],
    [
      'copy (subscribe x with (progress) and more) to stdout',
      '42601',
      'Expected end of statement, found identifier "and"',
      35,
    ],
  ])('refuses %s', (sql, code, message, position) => {
    const refused = refusalOf(sql)
    expect(refused.code).toBe(code)
    if (message !== undefined) expect(refused.message).toBe(message)
    if (position !== undefined) expect(refused.position).toBe(position)
  })
})

describe('leaving alone what is for PostgreSQL', () => {
  it.each([
    'select 1; select 2',
    '',
    ';;',
    'copy (select 1) to stdout',
    'copy t to stdout',
    "select 'subscribe x'; -- tail y",
    'create function f() returns int begin atomic select 1; end',
  ])('%s', sql => {
    expect(statementsOf(sql, 'subscribe')).toMatchObject([{ kind: 'sql', sql }])
  })

  it('is cut only around what is ours, in order', () => {
    const sql = 'select 1; select 2; copy (subscribe v) to stdout; select 3'
    const kinds = statementsOf(sql, 'subscribe').map((piece): unknown =>
      piece.kind === 'sql' ? piece.sql.trim() : piece.kind,
    )
    expect(kinds).toEqual(['select 1; select 2;', 'subscribe', 'select 3'])
  })

  it('or streamed in its own way', () => {
    const formsOf = (sql: string, generation: 'tail' | 'subscribe'): unknown[] =>
      statementsOf(sql, generation).map(piece =>
        piece.kind === 'refused' ? piece.failure.message : piece.kind === 'subscribe' && piece.form,
      )
    const sql = 'subscribe v; copy (subscribe v) to stdout; copy (subscribe v) to stdout with (format csv)'
    expect(formsOf(sql, 'subscribe')).toEqual(['rows', 'text', 'csv'])
    expect(formsOf('tail v; copy (tail v) to stdout (format csv)', 'tail')).toEqual([
      'rows',
      'COPY TO format Csv not supported',
    ])
  })

  it.each([
    ['copy t (a, b) from stdin', false],
    ['COPY t FROM STDIN WITH (FORMAT binary)', true],
    ["copy t from stdin with (format 'csv', header)", false],
  ])('but not %s, which is gathered first', (sql, binary) => {
    expect(statementsOf(`${sql};`, 'subscribe')).toEqual([{ kind: 'copy-in', sql, binary }])
  })
})

describe("Materialize's words in PostgreSQL's", () => {
  function mapped(sql: string, generation: 'tail' | 'subscribe' = 'subscribe'): Statement & { kind: 'sql' } {
    const [statement] = statementsOf(sql, generation)
    if (statement?.kind !== 'sql') throw new Error('not SQL')
    return { ...statement, sql: statement.sql.replaceAll(/\s+/g, ' ') }
  }

  it.each([
    ['create materialized view v as select 1', 'create view v as select 1', 'CREATE MATERIALIZED VIEW'],
    [
      'create or replace materialized view v as select 1',
      'create or replace view v as select 1',
      'CREATE MATERIALIZED VIEW',
    ],
    [
      "create materialized view v in cluster c with (retain history for '1h') as select 1 in (1)",
      'create view v as select 1 in (1)',
      'CREATE MATERIALIZED VIEW',
    ],
    ['drop materialized view if exists v', 'drop view if exists v', 'DROP MATERIALIZED VIEW'],
    ["create table t (x int) with (retain history for '1h')", 'create table t (x int) ', undefined],
    ['set cluster = c', 'set mz.cluster = c', undefined],
    ['show cluster', 'show mz.cluster', undefined],
    ['create default index on v', "SET mz.nothing = ''", 'CREATE INDEX'],
    ['create view materialized as select 1', 'create view materialized as select 1', undefined],
  ])('%s', (sql, postgres, tag) => {
    expect(mapped(sql)).toEqual({ kind: 'sql', sql: postgres, tags: [tag] })
  })

  it('answers with the tag of its generation', () => {
    expect(mapped('create materialized view v as select 1', 'tail').tags).toEqual(['CREATE VIEW'])
  })

  it('keeps the other statements, and counts the tags', () => {
    const sql = 'select 1; create materialized view v as select 1; select 2'
    expect(mapped(sql)).toEqual({
      kind: 'sql',
      sql: 'select 1; create view v as select 1; select 2',
      tags: [undefined, 'CREATE MATERIALIZED VIEW', undefined],
    })
  })
})
