import type { Content } from '../alerts/content.js'
import { fingerprint } from '../alerts/fingerprint.js'
import { stateCorrupt } from '../errors.js'
import type { Phase } from '../lifecycle/instance.js'
import type { StoredInstance } from '../lifecycle/lifecycle.js'
import type { LedgerEntry } from './ledger.js'

/** What another process needs to go on: where the alerts are, and what each sink knows. */
export interface State {
  /** Until when what fires was sent again in time, by the clock of the process that saved it: milliseconds since 1970. */
  readonly savedAtMs: number
  /** When the last batch came, by that clock. */
  readonly knownAtMs: number
  readonly frontierMs: number
  /** The sinks there were. */
  readonly sinks: readonly string[]
  readonly instances: readonly StoredInstance[]
  readonly entries: readonly LedgerEntry[]
}

const format = 'mzalert-alerts'
const version = 1

/** A content without what can be made of its labels. */
type StoredContent = Omit<Content, 'key' | 'fingerprint' | 'generatorURL' | 'startsAtMs'> & {
  readonly generatorURL?: string | undefined
  readonly startsAtMs?: number | undefined
}

/** The state as one line of JSON. Contents that instances and entries share are written once. */
export function encodeState({ savedAtMs, knownAtMs, frontierMs, sinks, instances, entries }: State): string {
  const contents: StoredContent[] = []
  const indexes = new Map<Content, number>()
  const indexOf = (content: Content): number => {
    const known = indexes.get(content)
    if (known !== undefined) return known
    const { labels, annotations, links, generatorURL, startsAtMs } = content
    indexes.set(content, contents.length)
    return contents.push({ labels, annotations, links, generatorURL, startsAtMs }) - 1
  }
  return JSON.stringify({
    format,
    version,
    savedAtMs,
    knownAtMs,
    frontierMs,
    sinks,
    instances: instances.map(({ content, ...rest }) => ({ content: indexOf(content), ...rest })),
    entries: entries.map(({ key: _key, content, ...rest }) => ({ content: indexOf(content), ...rest })),
    contents,
  })
}

/** Reads what `encodeState` made. Throws `STATE_CORRUPT` for anything else, and for what a later version made. */
export function decodeState(text: string, where: string): State {
  try {
    const given = object(JSON.parse(text))
    if (given['format'] !== format || given['version'] !== version)
      throw new Error(`It is of format ${String(given['format'])}, version ${String(given['version'])}.`)
    const contents = list(given['contents']).map(contentOf)
    const contentAt = (index: unknown): Content => {
      const content = contents[number(index)]
      if (content === undefined) throw new Error(`There is no content ${String(index)}.`)
      return content
    }
    return {
      savedAtMs: number(given['savedAtMs']),
      knownAtMs: number(given['knownAtMs']),
      frontierMs: number(given['frontierMs']),
      sinks: list(given['sinks']).map(String),
      instances: list(given['instances']).map(each => {
        const one = object(each)
        return {
          content: contentAt(one['content']),
          phase: phase(one['phase']),
          sinceMs: number(one['sinceMs']),
          goneMs: number(one['goneMs']),
          keepMs: number(one['keepMs']),
          startsAtMs: number(one['startsAtMs']),
          firings: list(one['firings']).map(number),
        }
      }),
      entries: list(given['entries']).map(each => {
        const one = object(each)
        const content = contentAt(one['content'])
        return {
          key: content.key,
          content,
          status: one['status'] === 'resolved' ? 'resolved' : 'firing',
          startsAtMs: number(one['startsAtMs']),
          endsAtMs: one['endsAtMs'] === undefined ? undefined : number(one['endsAtMs']),
          revision: number(one['revision']),
          transition: number(one['transition']),
          acked: Object.fromEntries(
            Object.entries(object(one['acked'])).map(([sink, at]) => [sink, number(at)]),
          ),
        }
      }),
    }
  } catch (cause) {
    throw stateCorrupt(where, cause)
  }
}

function contentOf(given: unknown): Content {
  const { labels, annotations, links, generatorURL, startsAtMs } = object(given)
  const set = Object.entries(texts(labels)).sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    key: JSON.stringify(set),
    fingerprint: fingerprint(set),
    labels: Object.fromEntries(set),
    annotations: texts(annotations),
    links: texts(links),
    generatorURL: generatorURL === undefined ? undefined : String(generatorURL),
    startsAtMs: startsAtMs === undefined ? undefined : number(startsAtMs),
  }
}

function phase(given: unknown): Phase {
  if (given === 'pending' || given === 'firing' || given === 'kept' || given === 'quiet') return given
  throw new Error(`There is no phase ${String(given)}.`)
}

function object(given: unknown): Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null) throw new Error(`${String(given)} is no object.`)
  return given as Readonly<Record<string, unknown>>
}

function list(given: unknown): readonly unknown[] {
  if (!Array.isArray(given)) throw new Error(`${String(given)} is no list.`)
  return given
}

function number(given: unknown): number {
  if (typeof given !== 'number') throw new Error(`${String(given)} is no number.`)
  return given
}

function texts(given: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(object(given)).map(([name, value]) => [name, String(value)]))
}
