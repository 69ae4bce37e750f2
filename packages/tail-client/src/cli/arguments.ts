import { parseArgs } from 'node:util'
import { invalidOption } from '../errors.js'
import { checkUrl } from '../options.js'
import type { Source } from '../sql/statement.js'
import { sql } from '../sql/text.js'

export const help = `Usage: mztail <view | "select …"> [options]
       mztail explain <view | "select …"> [options]
       mztail types <view> … --out FILE [options]

Streams a view of Materialize to stdout, one JSON object a line: {"timestamp":"…","diff":1,"row":{…}}.
bigint and numeric are strings, jsonb is what the server wrote. On a terminal, and with none of the options from --changes to
--json, it shows the view as a table that is kept current.

explain shows a view's columns, rows and rate, and what would trouble a consumer; types writes TypeScript for views.

  --url URL          where the server is    $MZ_URL, or postgres://materialize@localhost:6875/materialize
                     (a password is better kept in PGPASSWORD)
  --cluster NAME     the cluster to run on
  --wait             wait for a server and a view that are not there yet
  --changes KEY      inserts, updates and deletes by key: {"type":"update","timestamp":"…","row":{…},"previous":{…}};
                     several columns with commas
  --since-start      only what changes from now on, not the contents
  --once             only the contents, then end
  --from FILE        go on after what the token in FILE says, if it is there; the token is kept current there
  --progress         a line {"frontier":"…"} each time the frontier moves; without, a reader that has left is noticed
                     only at the next row
  --json             lines also on a terminal
  --time-limit SECS  explain, types: how long to look, and to wait for the server at most    10
  --out FILE         types: the file to write               stdout
  --help             this text

Ends with 0 at the end of the stream, at a signal, or when nobody reads any more; with 1 when the stream fails, 2 for
arguments that cannot be used, 3 when it cannot connect.
`

export interface Arguments {
  readonly command: 'help' | 'follow' | 'explain' | 'types'
  /** What to follow or explain; the views to write types for. */
  readonly sources: readonly string[]
  readonly url: string
  readonly changes: readonly string[] | undefined
  readonly snapshot: boolean
  readonly once: boolean
  readonly from: string | undefined
  readonly progress: boolean
  /** Lines even on a terminal: what was asked for cannot be shown as a table. */
  readonly lines: boolean
  readonly wait: boolean
  readonly timeLimitMs: number
  readonly out: string | undefined
}

const defaultUrl = 'postgres://materialize@localhost:6875/materialize'

/** Reads the command line. Throws `INVALID_OPTION` with one sentence. */
export function readArguments(words: readonly string[], environment: NodeJS.ProcessEnv): Arguments {
  const { values, positionals } = parsed(words)
  const [first = '', ...rest] = positionals
  const isCommand = (first === 'explain' || first === 'types') && rest.length > 0
  const command = values.help ? 'help' : isCommand ? first : 'follow'
  const sources = isCommand ? rest : positionals
  if (command !== 'help' && command !== 'types' && (sources.length !== 1 || !sources[0]?.trim()))
    throw invalidOption('what to tail', sources.join(' '), 'one view, or one query in quotes; see --help')
  if (values['since-start'] && values.once)
    throw invalidOption('--since-start and --once', 'given together', 'one of them')
  const seconds = Number(values['time-limit'])
  if (!(seconds > 0)) throw invalidOption('--time-limit', values['time-limit'], 'seconds, more than 0')
  return {
    command,
    sources,
    url: urlOf(values.url ?? environment['MZ_URL'] ?? defaultUrl, values.cluster),
    changes: values.changes?.split(',').map(column => column.trim()),
    snapshot: !values['since-start'],
    once: values.once,
    from: values.from,
    progress: values.progress,
    lines:
      values.json ||
      values.once ||
      values.progress ||
      values['since-start'] ||
      values.from !== undefined ||
      values.changes !== undefined,
    wait: values.wait,
    timeLimitMs: seconds * 1000,
    out: values.out,
  }
}

/** A query if it begins as one, otherwise the name of a relation. */
export function sourceOf(text: string): Source {
  const words = text.replace(/^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)+/, '')
  const isName = /^[\w$.]+\s*$/.test(words)
  if (isName || !/^(?:(?:select|with|values|table)\b|\()/i.test(words)) return text.trim()
  const query = text.trim().replace(/\s*;$/, '')
  return sql(Object.assign([query], { raw: [query] }))
}

/** The URL with the cluster beside what options it has, in the words that pg takes without a warning. */
function urlOf(text: string, cluster: string | undefined): string {
  checkUrl(text)
  const url = new URL(text)
  const { searchParams } = url
  if (cluster !== undefined) {
    const others = searchParams.getAll('options')
    searchParams.set('options', [...others, `--cluster=${cluster.replace(/[\\ ]/g, '\\$&')}`].join(' '))
  }
  // pg verifies for these too, and says at length that it may not for ever.
  const isVerified = ['prefer', 'require', 'verify-ca'].includes(searchParams.get('sslmode') ?? '')
  if (isVerified && searchParams.get('uselibpqcompat') !== 'true') searchParams.set('sslmode', 'verify-full')
  else if (cluster === undefined) return text
  return url.href
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        url: { type: 'string' },
        cluster: { type: 'string' },
        changes: { type: 'string' },
        'since-start': { type: 'boolean', default: false },
        once: { type: 'boolean', default: false },
        from: { type: 'string' },
        progress: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        wait: { type: 'boolean', default: false },
        'time-limit': { type: 'string', default: '10' },
        out: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    const [sentence = ''] = String(error instanceof Error ? error.message : error).split('\n')
    throw invalidOption('the command line', sentence, 'what --help says')
  }
}
