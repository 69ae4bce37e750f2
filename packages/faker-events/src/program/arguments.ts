import { parseArgs } from 'node:util'
import { EventsError } from '../errors.js'
import { type FaultOptions, faultNames } from '../faults/faults.js'

/** What the program is told, before any of it is known to make sense together. */
export interface RunArguments {
  readonly scenario: string
  readonly to: string
  readonly topic: string | undefined
  readonly partitions: number | undefined
  readonly topicConfig: Readonly<Record<string, string>>
  readonly table: string | undefined
  readonly column: string | undefined
  readonly options: Readonly<Record<string, number | string>>
  readonly faults: FaultOptions | undefined
  readonly rate: number | undefined
  readonly forMs: number | undefined
  readonly fromMs: number
  readonly startAt: number
  readonly speed: number
  readonly retries: number
  readonly whenLate: 'catch-up' | 'skip'
  readonly progress: boolean | undefined
  readonly dryRun: boolean
}

/** What the program is to do. */
export type Command =
  | { readonly name: 'help' }
  | { readonly name: 'list' }
  | { readonly name: 'run'; readonly arguments: RunArguments }

/** What `--help` prints. */
export const help = `Usage: faker-events run <scenario> [options]
       faker-events list

Sends a scenario's events where they belong, as their times come, until they end or it is told to stop (Ctrl-C: the
batch in hand is sent). What it did is one line of JSON at the end, also where it fails, on stdout; with --to -, on stderr.

  --to WHERE        kafka://host:port[,host:port][/topic], postgres://…, or - for standard output      -
                    kafka+ssl:// speaks TLS; user:password@ before the hosts, and ?sasl=scram-sha-256 at the end
  --topic NAME      Kafka's topic                                                      the scenario's
  --partitions N    creates the topic with so many, if it is not there                   does not
  --topic-config NAME=VALUE
                    a setting of a topic that is created, as retention.ms=-1; may be given several times
  --table NAME      PostgreSQL's table, with a column of type jsonb                     the scenario's
  --column NAME     that column                                                          data
  --seed N          another seed, another story                                          1
  --rate N          events a second, in the steady part of the scenario                  the scenario's
  --set NAME=VALUE  any option of the scenario; may be given several times
  --faults LIST     parts of the events with faults: late=0.01,out-of-order=0.05,duplicated=0.02,…
  --from TIME       where the scenario begins: 2026-01-31, 2026-01-31T12:00:00Z, now, or 30d ago as -30d   now
  --for DURATION    how much of the scenario: 90s, 10m, 24h, 30d                         until told to stop
  --start-at N      leaves out the first N events: what an earlier run says as nextStartAt   0
  --speed N         how many times faster than real time; max for as fast as possible   1
  --when-late WHAT  catch-up sends late events all the same, skip leaves them out        catch-up
  --retries N       how often a batch is sent again that could not be sent; max for ever   10
  --progress        a line a second on stderr; --no-progress for none                    on a terminal
  --dry-run         prints the first ten events and sends nothing
  --help            this text
`

/** Reads the words after the program's name. `INVALID_OPTION` for any that is not understood. */
export function readArguments(words: readonly string[], nowMs: number): Command {
  const { values, positionals } = parsed(words)
  const [command, scenario, ...rest] = positionals
  if (values.help) return { name: 'help' }
  if (command === 'list' && scenario === undefined) return { name: 'list' }
  if (command !== 'run' || scenario === undefined || rest.length > 0)
    throw unclear(`"${positionals.join(' ')}" is no command. Use faker-events run <scenario>, or list.`)
  const { topic, table, column, faults, rate, partitions, seed, retries, 'when-late': whenLate } = values
  if (whenLate !== 'catch-up' && whenLate !== 'skip')
    throw unclear(`--when-late is ${JSON.stringify(whenLate)}. It takes catch-up or skip.`)
  if (values['topic-config'].length > 0 && partitions === undefined)
    throw unclear(
      '--topic-config is for a topic that is created: say by --partitions with how many partitions.',
    )
  return {
    name: 'run',
    arguments: {
      scenario,
      to: values.to,
      topic,
      table,
      column,
      partitions: partitions === undefined ? undefined : number('--partitions', partitions),
      topicConfig: Object.fromEntries(values['topic-config'].map(text => named('--topic-config', text))),
      options: {
        ...Object.fromEntries(values.set.map(setting)),
        ...(seed !== undefined && { seed: number('--seed', seed) }),
      },
      faults: faults === undefined ? undefined : Object.fromEntries(faults.split(',').map(fault)),
      rate: rate === undefined ? undefined : number('--rate', rate),
      forMs: values.for === undefined ? undefined : durationMs('--for', values.for),
      fromMs: values.from === undefined ? nowMs : timeMs(values.from, nowMs),
      startAt: number('--start-at', values['start-at']),
      speed: values.speed === 'max' ? Number.POSITIVE_INFINITY : number('--speed', values.speed),
      retries: retries === 'max' ? Number.POSITIVE_INFINITY : number('--retries', retries),
      whenLate,
      progress: values['no-progress'] ? false : values.progress,
      dryRun: values['dry-run'],
    },
  }
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({
      // A time before now looks like a flag.
      args: words.flatMap((word, at) =>
        words[at - 1] === '--from' ? [] : word === '--from' ? [`--from=${words[at + 1] ?? ''}`] : [word],
      ),
      allowPositionals: true,
      options: {
        to: { type: 'string', default: '-' },
        topic: { type: 'string' },
        partitions: { type: 'string' },
        'topic-config': { type: 'string', multiple: true, default: [] },
        table: { type: 'string' },
        column: { type: 'string' },
        seed: { type: 'string' },
        rate: { type: 'string' },
        set: { type: 'string', multiple: true, default: [] },
        faults: { type: 'string' },
        from: { type: 'string' },
        for: { type: 'string' },
        'start-at': { type: 'string', default: '0' },
        speed: { type: 'string', default: '1' },
        retries: { type: 'string', default: '10' },
        'when-late': { type: 'string', default: 'catch-up' },
        progress: { type: 'boolean' },
        'no-progress': { type: 'boolean', default: false },
        'dry-run': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    throw unclear(error instanceof Error ? error.message : String(error))
  }
}

function unclear(sentence: string): EventsError {
  return new EventsError('INVALID_OPTION', sentence)
}

function number(flag: string, text: string): number {
  const value = Number(text)
  if (text.trim() === '' || Number.isNaN(value))
    throw unclear(`${flag} is ${JSON.stringify(text)}. It takes a number.`)
  return value
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function durationMs(flag: string, text: string): number {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? []
  if (amount === '')
    throw unclear(`${flag} is ${JSON.stringify(text)}. It takes a number and ms, s, m, h or d: 90s, 24h.`)
  return Math.floor(Number(amount) * (unitsMs[unit] ?? 1))
}

function timeMs(text: string, nowMs: number): number {
  if (text === 'now') return nowMs
  if (text.startsWith('-')) return nowMs - durationMs('--from', text.slice(1))
  if (/^\d{5,}$/.test(text)) return Number(text)
  const ms = Date.parse(text)
  if (!/^\d{4}-/.test(text) || Number.isNaN(ms))
    throw unclear(`--from is ${JSON.stringify(text)}. It takes a date such as 2026-01-31, now, or -30d.`)
  return ms
}

function named(flag: string, text: string): readonly [name: string, value: string] {
  const at = text.indexOf('=')
  if (at < 1) throw unclear(`${flag} is ${JSON.stringify(text)}. It takes name=value.`)
  return [text.slice(0, at), text.slice(at + 1)]
}

function setting(text: string): readonly [string, number | string] {
  const [name, value] = named('--set', text)
  return [name, value !== '' && !Number.isNaN(Number(value)) ? Number(value) : value]
}

function fault(text: string): readonly [string, number] {
  const [name = '', part = ''] = text.split('=')
  if (!faultNames.some(known => known === name))
    throw unclear(`--faults has ${JSON.stringify(name)}. It takes ${faultNames.join(', ')}, each with =part.`)
  const option = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
  return [option, number(`--faults ${name}`, part)]
}
