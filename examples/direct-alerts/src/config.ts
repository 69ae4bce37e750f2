import { parse } from 'yaml'

type Environment = Readonly<Record<string, string | undefined>>

/** One view of the file; columns, constants and texts are as `notify()` takes them. */
export interface ViewConfig {
  readonly view: string
  readonly labels: Readonly<Record<string, string | { readonly value: string }>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly links?: Readonly<Record<string, string>>
  readonly generatorURL?: string
  readonly silenceAt?: string
  /** Such as 30s. */
  readonly for?: string
  readonly keepFiring?: string
}

export interface Config {
  readonly connection: string
  /** A folder; without it, nothing is kept between processes. */
  readonly store?: string
  readonly alerts: readonly ViewConfig[]
  /** What kind of sink, and its options. */
  readonly sinks: readonly Readonly<Record<string, Readonly<Record<string, string>>>>[]
}

/** Reads the text of a file. Throws a sentence that names what cannot be used. */
export function readConfig(text: string, environment: Environment): Config {
  const config = (parse(text) ?? {}) as Partial<Config>
  for (const name of ['alerts', 'sinks'] as const)
    if (!Array.isArray(config[name])) throw new Error(`${name} must be a list.`)
  if (typeof config.connection !== 'string') throw new Error('connection must be a text.')
  return withVariables(config, environment) as Config
}

/** Every text with its variables; `${NAME:-otherwise}` where there is none. What is empty is left out. */
function withVariables(value: unknown, environment: Environment): unknown {
  if (typeof value === 'string')
    return value.replaceAll(/\$\{(\w+)(?::-([^}]*))?\}/g, (_all, name: string, otherwise?: string) => {
      const found = environment[name] || otherwise
      if (found === undefined) throw new Error(`${name} is not set in the environment.`)
      return found
    })
  if (Array.isArray(value)) return value.map(each => withVariables(each, environment))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, each]) => [key, withVariables(each, environment)] as const)
  return Object.fromEntries(entries.filter(([, each]) => each !== ''))
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Milliseconds of a duration such as 30s or 5m. */
export function durationMs(text: string): number {
  const [, count = '', unit = ''] = /^(\d+)(ms|s|m|h)$/.exec(text.trim()) ?? []
  if (count === '') throw new Error(`${JSON.stringify(text)} is no duration such as 30s or 5m.`)
  return Number(count) * (units[unit] ?? 1)
}
