import { literal } from './database.js'

/** The schema of Materialize's own functions in a database that is not ours alone. */
export const functionsSchema = 'mz_catalog'

/** The functions that models use, in a database that is ours. In pg_catalog: found on any search path, and not dropped with `public`. */
export function functionsOf(version: string): string {
  // A setting that is fixed for an evaluation is inlined and compared with an index; a clock would run for every row.
  const now =
    "LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT pg_catalog.current_setting('mz.now')::pg_catalog.int8 $$"
  return `
    CREATE OR REPLACE FUNCTION pg_catalog.mz_now() RETURNS bigint ${now};
    CREATE OR REPLACE FUNCTION pg_catalog.mz_logical_timestamp() RETURNS bigint ${now};
    CREATE OR REPLACE FUNCTION pg_catalog.mz_version() RETURNS text
      LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT ${literal(version)}::text $$;`
}

// A setting that is fixed for an evaluation is inlined and compared with an index; a clock would run for every row.
// Who does not come through the engine has no such setting, and sees the time of the transaction.
const sharedNow =
  " SELECT COALESCE(NULLIF(pg_catalog.current_setting('mz.now', true), '')::pg_catalog.int8, (EXTRACT(EPOCH FROM pg_catalog.now()) * 1000)::pg_catalog.int8) "
const sharedVersion = " SELECT COALESCE(pg_catalog.current_setting('mz.version', true), '') "

const shared: readonly (readonly [name: string, returns: string, body: string])[] = [
  ['mz_now', 'bigint', sharedNow],
  ['mz_logical_timestamp', 'bigint', sharedNow],
  ['mz_version', 'text', sharedVersion],
]

/** Whether a database of others has the functions as they are here: how many of them. */
export const countShared: string = `
  SELECT count(*) = ${shared.length} FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname = '${functionsSchema}' AND p.pronargs = 0
    AND (p.proname, p.prosrc) IN (${shared.map(([name, , body]) => `('${name}', ${literal(body)})`).join(', ')})`

/** Makes the functions in a schema of their own: nothing of the database's is touched. Several engines may do it at once. */
export const createShared: string = `
  SELECT pg_advisory_xact_lock(7777160871);
  CREATE SCHEMA IF NOT EXISTS ${functionsSchema};
  GRANT USAGE ON SCHEMA ${functionsSchema} TO PUBLIC;
  ${shared
    .map(
      ([name, returns, body]) => `CREATE OR REPLACE FUNCTION ${functionsSchema}.${name}() RETURNS ${returns}
    LANGUAGE sql STABLE PARALLEL SAFE AS ${literal(body)};`,
    )
    .join('\n  ')}`
