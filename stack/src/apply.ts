import { createHash } from 'node:crypto'
import { type ModelParameters, models, type Target } from './models.js'
import { type Statement, statements } from './statements.js'

/** Runs one statement and resolves with its rows. */
export type Execute = (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>

export type Applied = 'created' | 'replaced' | 'unchanged'

/** The view that says what was applied: a constant one, because a definition survives wherever the models do. */
const marker = 'mzalert_models'

/**
 * Brings the sources and models of a target into a database. Applied again with the same parameters it does nothing; with others it
 * drops what it made and makes it anew, sources only if they differ. An object of the same name that it has not made is left alone:
 * then it fails.
 */
export async function apply(
  execute: Execute,
  target: Target,
  parameters: ModelParameters = {},
): Promise<Applied> {
  const files = models(target, parameters).map(model => ({ name: model.name, made: statements(model) }))
  const sources = files.flatMap(({ name, made }) => (name.startsWith('sources/') ? made : []))
  const rest = files.flatMap(({ name, made }) => (name.startsWith('sources/') ? [] : made))
  const wanted = { sources: digest(sources), models: digest(rest) }
  const found = await applied(execute)
  if (found?.sources === wanted.sources && found.models === wanted.models) return 'unchanged'

  const isSame = found?.sources === wanted.sources
  // From here on what is there is ours, also if this ends half-way.
  await mark(execute, { sources: isSame ? wanted.sources : 'unfinished', models: 'unfinished' })
  if (found) {
    for (const statement of [...rest].reverse()) await drop(execute, statement)
    if (!isSame) for (const statement of [...sources].reverse()) await drop(execute, statement)
  }
  for (const { sql, makes } of isSame ? rest : [...sources, ...rest])
    if (makes?.kind !== 'ROLE' || !(await hasRole(execute, makes.name))) await execute(sql)
  await mark(execute, wanted)
  return found ? 'replaced' : 'created'
}

async function applied(execute: Execute): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    return (await execute(`SELECT sources, models FROM ${marker}`))[0]
  } catch (error) {
    if (error instanceof Error && /unknown catalog item|does not exist/.test(error.message)) return undefined
    throw error
  }
}

function mark(
  execute: Execute,
  { sources, models: rest }: { sources: string; models: string },
): Promise<unknown> {
  return execute(`CREATE OR REPLACE VIEW ${marker} AS SELECT '${sources}' AS sources, '${rest}' AS models`)
}

async function drop(execute: Execute, { makes }: Statement): Promise<void> {
  if (makes && makes.kind !== 'ROLE') await execute(`DROP ${makes.kind} IF EXISTS ${makes.name}`)
}

async function hasRole(execute: Execute, name: string): Promise<boolean> {
  return (await execute(`SELECT name FROM mz_roles WHERE name = '${name}'`)).length > 0
}

function digest(made: readonly Statement[]): string {
  return createHash('sha256')
    .update(made.map(({ sql }) => sql).join(';\n'))
    .digest('hex')
    .slice(0, 16)
}
