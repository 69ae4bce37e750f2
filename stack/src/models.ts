import { readdirSync, readFileSync } from 'node:fs'

/** What the models can be told; every `${name}` in the SQL is one of them. */
export interface ModelParameters {
  /** Length of the sliding window in milliseconds. Default: 30 000. */
  readonly windowMs?: number
  /** An organization fires with more deployments than this in the window. Default: 25. */
  readonly threshold?: number
  /** An enterprise customer fires with more deployments than this in the window. Default: 8. */
  readonly enterpriseLimit?: number
}

/** Where the models run: the embedded engine. */
export type Target = 'local'

/** One SQL file with its parameters filled in. */
export interface Model {
  readonly name: string
  readonly sql: string
}

export const defaultParameters: Required<ModelParameters> = {
  windowMs: 30_000,
  threshold: 25,
  enterpriseLimit: 8,
}

const folder = new URL('../materialize/', import.meta.url)

/** The statements that make the sources and the models of a target, in the order in which they are applied. */
export function models(target: Target, parameters: ModelParameters = {}): readonly Model[] {
  const { windowMs, threshold, enterpriseLimit } = { ...defaultParameters, ...parameters }
  const values: Readonly<Record<string, number>> = {
    window_ms: whole('windowMs', windowMs),
    threshold: whole('threshold', threshold),
    enterprise_limit: whole('enterpriseLimit', enterpriseLimit),
  }
  const views = readdirSync(new URL('models/', folder)).sort()
  return [`sources/${target}.sql`, ...views.map(view => `models/${view}`)].map(file => ({
    name: file,
    sql: fill(readFileSync(new URL(file, folder), 'utf8'), values),
  }))
}

function fill(sql: string, values: Readonly<Record<string, number>>): string {
  return sql.replace(/\$\{(\w+)\}/g, (placeholder, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`the models use ${placeholder}, which nobody fills in`)
    return String(value)
  })
}

/** Parameters become part of SQL text: they are whole numbers, or nothing is applied. */
function whole(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`${name} is ${value}. It takes a whole number that is not negative.`)
  return value
}
