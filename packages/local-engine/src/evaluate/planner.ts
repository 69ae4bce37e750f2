import { type ColumnDescription, failureIn, readRowDescription } from '../wire/backend.js'
import { type Failure, failure } from '../wire/failure.js'
import { framesOf } from '../wire/frames.js'
import { parse, sync, target } from '../wire/frontend.js'
import type { Setting } from '../wire/settings.js'
import type { Subject } from '../wire/subscription.js'
import type { Plan } from './backend.js'
import { type Database, identifier, literal } from './database.js'

/** Finds out what a subject is: its columns, whether time alone changes it, and whether anything does. */
export async function planOf(
  database: Database,
  subject: Subject,
  settings: readonly Setting[],
  nowMs: number,
): Promise<Plan | Failure> {
  await database.dress(settings, nowMs)
  return subject.kind === 'relation'
    ? planRelation(database, subject.parts)
    : planQuery(database, subject.sql, settings)
}

async function planRelation(database: Database, written: readonly string[]): Promise<Plan | Failure> {
  const name = written.map(identifier).join('.')
  const found = await database.rows(
    `SELECT c.oid, c.relkind, n.nspname, c.relname, current_database() FROM pg_class c
     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass(${literal(name)})`,
  )
  const [oid, kind, schema, relation, catalog] = (found.ok ? found.rows[0] : undefined) ?? []
  if (oid == null || schema == null || relation == null) {
    return failure('XX000', `unknown catalog item '${written.join('.')}'`)
  }
  if (!'rpvmf'.includes(kind ?? '?')) {
    const action = 'subscribed to'
    return failure(
      '42809',
      `'${catalog}.${schema}.${relation}' cannot be ${action} because it is not a relation`,
    )
  }
  const qualified = `${identifier(schema)}.${identifier(relation)}`
  const columns = await describe(database, `SELECT * FROM ${qualified}`)
  if (!Array.isArray(columns)) return columns
  // The columns by name: one that is added later must not widen the rows of a stream that is open.
  const sql = `SELECT ${columns.map(column => identifier(column.name)).join(', ')} FROM ${qualified}`
  const reach = await reachOf(database, oid)
  return {
    key: keyOf(sql, columns, reach.constant),
    subject: { kind: 'relation', parts: [schema, relation] },
    sql,
    name: `${catalog}.${schema}.${relation}`,
    columns,
    settings: [],
    ...reach,
  }
}

async function planQuery(
  database: Database,
  sql: string,
  settings: readonly Setting[],
): Promise<Plan | Failure> {
  const columns = await describe(database, sql)
  if (!Array.isArray(columns)) return columns
  // Names in the query mean what they mean to the client; how values print must not depend on it.
  const kept = settings.filter(([name]) => name === 'search_path')
  // A view knows what its query reaches. Its own column hides names that the query may give twice.
  await database.rows('BEGIN')
  const made = await database.rows(
    `CREATE TEMPORARY VIEW mz_local_probe AS SELECT 1 AS one FROM (${sql}\n) AS probed`,
  )
  const oid = await database.value("SELECT to_regclass('pg_temp.mz_local_probe')::oid")
  const reach = oid === undefined ? { temporal: true, constant: false } : await reachOf(database, oid)
  await database.rows('ROLLBACK')
  if (!made.ok) return asMaterialize(made.failure)
  const key = keyOf(kept.map(([, path]) => `${path}: `).join('') + sql, columns, reach.constant)
  return { key, subject: { kind: 'query', sql }, sql, name: sql, columns, settings: kept, ...reach }
}

/** The same text over a table that was altered is another view, and so is one whose stream ends. */
function keyOf(sql: string, columns: readonly ColumnDescription[], constant: boolean): string {
  return `${constant ? 'constant ' : ''}${sql}\n${columns.map(({ name, oid, typmod }) => `${name} ${oid} ${typmod}`).join(',')}`
}

async function describe(database: Database, sql: string): Promise<ColumnDescription[] | Failure> {
  const name = 'mz_local_describe'
  const statement = parse({ name, sql, rest: Buffer.alloc(2) })
  const named = { kind: 'S', name }
  const answer = await database.raw(Buffer.concat([statement, target('D', named), target('C', named), sync]))
  const failed = failureIn(answer)
  if (failed !== undefined) return asMaterialize(failed)
  for (const { type, body } of framesOf(answer)) if (type === 'T') return readRowDescription(body)
  return failure('42601', 'only a query that returns rows can be subscribed to')
}

/** An unknown name in a query is XX000 in Materialize. Positions are dropped: they count from the query's start. */
function asMaterialize(failed: Failure): Failure {
  const { position: _, ...rest } = failed
  const relation = /^relation "(.*)" does not exist$/s.exec(failed.message)?.[1]
  if (failed.code !== '42P01' || relation === undefined) return rest
  return failure('XX000', `unknown catalog item '${relation}'`)
}

/** now(), transaction_, statement_ and clock_timestamp(), timeofday(), age() of one value; CURRENT_TIMESTAMP and its like. */
const clocks = '[{]SQLVALUEFUNCTION |:funcid (1299|2647|2648|2649|274|1386|2059) '

/**
 * Follows a view to the tables and functions under it. A function of the user's (mz_now() is one) that is not
 * immutable may change with time, and so may the clocks of PostgreSQL itself, which only the rule's text shows: now() and
 * its like, age() and CURRENT_TIMESTAMP. Dependencies on system catalogs are not recorded; a rule names them by `:relid`.
 * https://www.postgresql.org/docs/current/catalog-pg-depend.html
 */
async function reachOf(database: Database, oid: string): Promise<Pick<Plan, 'temporal' | 'constant'>> {
  const result = await database.rows(`
    WITH RECURSIVE reached (class, oid) AS (
      SELECT 'pg_class'::regclass::oid, ${literal(oid)}::oid
      UNION
      SELECT d.refclassid, d.refobjid FROM reached r
      JOIN pg_rewrite w ON w.ev_class = r.oid AND r.class = 'pg_class'::regclass
      JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
      WHERE d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass)
    )
    SELECT
      coalesce(bool_or(p.provolatile <> 'i' OR w.ev_action::text ~ ${literal(clocks)}), false),
      coalesce(bool_or(c.relkind IN ('r', 'p', 'm', 'f') OR w.ev_action::text ~ ':relid [1-9][0-9]{0,4} '), false)
    FROM reached r
    LEFT JOIN pg_proc p ON p.oid = r.oid AND r.class = 'pg_proc'::regclass
    LEFT JOIN pg_class c ON c.oid = r.oid AND r.class = 'pg_class'::regclass
    LEFT JOIN pg_rewrite w ON w.ev_class = r.oid AND r.class = 'pg_class'::regclass`)
  const [temporal, tables] = (result.ok ? result.rows[0] : undefined) ?? ['t', 't']
  return { temporal: temporal === 't', constant: tables === 'f' && temporal === 'f' }
}
