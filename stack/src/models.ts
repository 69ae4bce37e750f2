import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** What the models can be told; every `${name}` in the SQL is one of them. */
export interface ModelParameters {
  /** Length of the sliding window in milliseconds. Default: 30 000. */
  readonly windowMs?: number
  /** An organization fires with more deployments than this in the window. Default: 25. */
  readonly threshold?: number
  /** An enterprise customer fires with more deployments than this in the window. Default: 8. */
  readonly enterpriseLimit?: number
  /** Where Materialize finds the topics, as `host:port`. Default: `redpanda:9092`. */
  readonly kafkaBroker?: string
}

export const targets = ['local', 'subscribe', 'tail'] as const

/** Where the models run: the embedded engine, Materialize with SUBSCRIBE, or Materialize v0.26 with TAIL. */
export type Target = (typeof targets)[number]

/** One SQL file with its parameters filled in. */
export interface Model {
  readonly name: string
  readonly sql: string
}

export const defaultParameters: Required<ModelParameters> = {
  windowMs: 30_000,
  threshold: 25,
  enterpriseLimit: 8,
  kafkaBroker: 'redpanda:9092',
}

/** What the exporter streams. Views that it does not are read by others alone. */
const streamed: readonly string[] = ['dim_deployments', 'organization_alert', 'customer_alert']

const folder = new URL('../materialize/', import.meta.url)

/**
 * What v0.26 writes otherwise, in the models; nothing else differs. A view is kept current there only if it is created as
 * materialized, which is its view with an index. That includes the events, which could not be selected from otherwise.
 */
const tailSpelling: readonly (readonly [current: RegExp, tail: string])[] = [
  [/\bCREATE VIEW\b/g, 'CREATE MATERIALIZED VIEW'],
  [/\bmz_now\(\)/g, 'mz_logical_timestamp()'],
]

/** The statements that make the sources and the models of a target, in the order in which they are applied. */
export function models(target: Target, parameters: ModelParameters = {}): readonly Model[] {
  const { windowMs, threshold, enterpriseLimit, kafkaBroker } = { ...defaultParameters, ...parameters }
  const values: Readonly<Record<string, string>> = {
    window_ms: whole('windowMs', windowMs),
    threshold: whole('threshold', threshold),
    enterprise_limit: whole('enterpriseLimit', enterpriseLimit),
    kafka_broker: broker(kafkaBroker),
  }
  const read = (file: string, more: Readonly<Record<string, string>> = {}): string | undefined =>
    existsSync(new URL(file, folder))
      ? fill(readFileSync(new URL(file, folder), 'utf8'), { ...values, ...more })
      : undefined
  const own = (kind: string, view?: string): readonly Model[] => {
    const sql = read(`${kind}/${target}.sql`, view === undefined ? {} : { view })
    return sql === undefined ? [] : [{ name: [`${kind}/${target}.sql`, view].filter(Boolean).join(' '), sql }]
  }
  const shared = (file: string): readonly Model[] => {
    const sql = read(`models/${file}`) ?? ''
    const view = file.replace(/^\d+-|\.sql$/g, '')
    const model = { name: `models/${file}`, sql: target === 'tail' ? spelledForTail(sql) : sql }
    return [model, ...(streamed.includes(view) ? own('streamed', view) : [])]
  }
  const files = readdirSync(new URL('models/', folder)).sort()
  return [...own('sources'), ...own('roles'), ...files.flatMap(shared)]
}

function spelledForTail(sql: string): string {
  return tailSpelling.reduce((text, [current, tail]) => text.replace(current, tail), sql)
}

function fill(sql: string, values: Readonly<Record<string, string>>): string {
  return sql.replace(/\$\{(\w+)\}/g, (placeholder, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`the models use ${placeholder}, which nobody fills in`)
    return value
  })
}

/** Parameters become part of SQL text: they are whole numbers, or nothing is applied. */
function whole(name: string, value: number): string {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`${name} is ${value}. It takes a whole number that is not negative.`)
  return String(value)
}

function broker(value: string): string {
  if (!/^[\w.-]+:\d{1,5}$/.test(value))
    throw new Error(`kafkaBroker is ${JSON.stringify(value)}. It takes host:port.`)
  return value
}
