import type { Generation } from '../types.js'

/** A session setting: name and value. */
export type Setting = readonly [name: string, value: string]

/** Settings of Materialize that PostgreSQL lacks. They are kept under `mz.`, so that SET and SHOW of them work. */
export const ownSettings: readonly string[] = [
  'cluster',
  'cluster_replica',
  'welcome_message',
  'real_time_recency',
  'auto_route_catalog_queries',
]

/** What PostgreSQL calls a setting. */
export function settingName(name: string): string {
  const folded = name.toLowerCase()
  return ownSettings.includes(folded) ? `mz.${folded}` : folded
}

/** What clients are told of when it changes, with what it is at first: by both generations, and only by the later one. */
const reported: readonly Setting[] = [
  ['application_name', ''],
  ['client_encoding', 'UTF8'],
  ['DateStyle', 'ISO, MDY'],
  ['standard_conforming_strings', 'on'],
]
const reportedSince: readonly Setting[] = [
  ['TimeZone', 'UTC'],
  ['IntervalStyle', 'postgres'],
  ['cluster', 'quickstart'],
  ['search_path', 'public'],
]

/** What a client is told at login, when these are the settings that it begins with. */
export function settingsToReport(generation: Generation, settings: readonly Setting[]): Setting[] {
  const names = generation === 'tail' ? reported : [...reported, ...reportedSince]
  return names.map(([name, initial]): Setting => [name, settingValue(settings, name) ?? initial])
}

/** What a client has to be told after its settings changed. */
export function changesToReport(
  generation: Generation,
  before: readonly Setting[],
  after: readonly Setting[],
): Setting[] {
  const was = settingsToReport(generation, before)
  return settingsToReport(generation, after).filter(([, value], i) => value !== was[i]?.[1])
}

function settingValue(settings: readonly Setting[], name: string): string | undefined {
  const wanted = settingName(name)
  return settings.findLast(([each]) => each.toLowerCase() === wanted)?.[1]
}

/** What a startup message says that is no setting of the session, or that the engine answers itself. */
const notSettings: ReadonlySet<string> = new Set(['user', 'database', 'replication', 'options'])

/** Names of the one encoding that there is. */
export const utf8: RegExp = /^(utf-?8|unicode|default)$/i

/**
 * The session settings that a client starts with: its parameters, and what `options` says in the manner of
 * `-c name=value` or `--name=value`. Names that PostgreSQL does not know are for the session to ignore.
 */
export function settingsOf(parameters: ReadonlyMap<string, string>): Setting[] {
  const settings: Setting[] = []
  for (const [name, value] of parameters) {
    if (!notSettings.has(name) && !name.startsWith('_pq_.')) settings.push([settingName(name), value])
  }
  const words = (parameters.get('options') ?? '').match(/(?:\\.|[^\s\\])+/gs) ?? []
  for (let i = 0; i < words.length; i++) {
    const word = (words[i] ?? '').replace(/\\(.)/gs, '$1')
    const text = word === '-c' ? (words[++i] ?? '').replace(/\\(.)/gs, '$1') : word.replace(/^(?:-c|--)/, '')
    const equals = text.indexOf('=')
    if (equals > 0)
      settings.push([settingName(text.slice(0, equals).replaceAll('-', '_')), text.slice(equals + 1)])
  }
  // Who asks for another encoding is told at login that it is UTF8, as by Materialize.
  return settings.filter(([name]) => name !== 'client_encoding')
}
