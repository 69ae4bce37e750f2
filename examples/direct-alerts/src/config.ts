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

/** What a part of the file may have, and how each must be. */
type Shape = Readonly<Record<string, (value: unknown) => boolean>>

const isText = (value: unknown): boolean => typeof value === 'string'
const isList = (value: unknown): boolean => Array.isArray(value)
const isMap = (value: unknown): boolean => typeof value === 'object' && value !== null && !isList(value)

const words = new Map<(value: unknown) => boolean, string>([
  [isText, 'a text'],
  [isList, 'a list'],
  [isMap, 'a map'],
  [isDuration, 'a duration such as 30s or 5m'],
])

const fileShape: Shape = { connection: isText, store: isText, alerts: isList, sinks: isList }
const viewShape: Shape = {
  view: isText,
  labels: isMap,
  annotations: isMap,
  links: isMap,
  generatorURL: isText,
  silenceAt: isText,
  for: isDuration,
  keepFiring: isDuration,
}

/** Reads the text of a file. Throws a sentence that names what cannot be used. */
export function readConfig(text: string, environment: Environment): Config {
  const config: unknown = withVariables(parse(text) ?? {}, environment)
  check('the file', config, fileShape, ['alerts', 'sinks', 'connection'])
  const { alerts, sinks } = config as Config
  for (const [at, view] of alerts.entries())
    check(view?.view ?? `alerts[${at}]`, view, viewShape, ['view', 'labels'])
  for (const [at, sink] of sinks.entries()) check(`sinks[${at}]`, sink)
  return config as Config
}

function check(where: string, given: unknown, shape?: Shape, needed: readonly string[] = []): void {
  if (!isMap(given)) throw new Error(`${where} must be a map.`)
  const map = given as Readonly<Record<string, unknown>>
  for (const name of needed)
    if (!Object.hasOwn(map, name)) throw new Error(`${name} of ${where} must be ${shapeOf(shape, name)}.`)
  for (const [name, value] of Object.entries(map)) {
    if (shape === undefined) continue
    if (!Object.hasOwn(shape, name))
      throw new Error(`${where} has ${name}, which is none of ${Object.keys(shape).join(', ')}.`)
    if (!shape[name]?.(value)) throw new Error(`${name} of ${where} must be ${shapeOf(shape, name)}.`)
  }
}

function shapeOf(shape: Shape | undefined, name: string): string {
  const is = shape?.[name]
  return (is && words.get(is)) ?? 'something else'
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

const durationText = /^(\d+)(ms|s|m|h)$/

function isDuration(value: unknown): boolean {
  return typeof value === 'string' && durationText.test(value.trim())
}

/** Milliseconds of a duration such as 30s or 5m. */
export function durationMs(text: string): number {
  const [, count = '', unit = ''] = durationText.exec(text.trim()) ?? []
  if (count === '') throw new Error(`${JSON.stringify(text)} is no duration such as 30s or 5m.`)
  return Number(count) * (units[unit] ?? 1)
}
