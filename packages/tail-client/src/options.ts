import { systemClock } from './clock.js'
import { invalidOption, TailError } from './errors.js'
import { type Backoff, defaultBackoff } from './resume.js'
import type { Shape, Source } from './sql/statement.js'
import { isSqlText, quoteName } from './sql/text.js'
import type { ChangesOptions } from './stream/keys.js'
import type { Clock } from './types/clock.js'
import type { Connection, ConnectionOptions, Generation } from './types/connection.js'
import type { Envelope, OnHistoryLost, TailOptions, WhenFull } from './types/options.js'
import type { RetryOptions } from './types/retry.js'
import type { OnInvalidRow, StandardSchema } from './types/schema.js'

/** `TailOptions`, checked and with every default filled in. */
export interface Settings {
  readonly source: Source
  readonly connection: Connection
  readonly signal: AbortSignal | undefined
  readonly schema: StandardSchema | undefined
  readonly onInvalidRow: OnInvalidRow
  readonly columnNames: 'asIs' | 'camelCase'
  readonly snapshot: boolean
  readonly asOf: bigint | undefined
  readonly asOfAtLeast: bigint | undefined
  readonly upTo: bigint | undefined
  readonly from: string | undefined
  readonly checkpoint: TailOptions['checkpoint']
  readonly onHistoryLost: OnHistoryLost
  readonly trustTailHistory: boolean
  readonly generation: Generation | 'auto'
  readonly connectTimeoutMs: number
  readonly progressTimeoutMs: number
  readonly snapshotTimeoutMs: number | undefined
  readonly maxBufferedBytes: number
  /** Undefined: as suits what is iterated. */
  readonly whenFull: WhenFull | undefined
  readonly stallTimeoutMs: number
  readonly maxBatchBytes: number
  readonly maxRowBytes: number
  readonly maxHeldRows: number
  readonly retry: RetryOptions | false
  readonly backoff: Backoff
  readonly waitForRelation: boolean
  readonly clock: Clock
  readonly random: () => number
  /** For the hashes of rows, so that nobody outside can choose rows that collide. */
  readonly hashSeed: number
}

const mebibyte = 1024 * 1024

/** Checks the options before anything happens; throws `INVALID_OPTION` with name, value and what it takes. */
export function settings(source: Source, options: TailOptions): Settings {
  if (!isSqlText(source)) quoteName(source)
  if (typeof options?.connection !== 'function') checkTarget(options?.connection)
  checkNames(options)
  oneBeginning(options)
  checkValues(options)
  const retry = options.retry ?? {}
  if (retry !== false && !isObject(retry)) throw invalidOption('retry', retry, 'its options, or false')
  const random = options.random ?? Math.random
  return {
    source,
    connection: options.connection,
    signal: options.signal,
    schema: standardSchema(options.schema),
    onInvalidRow: oneOf('onInvalidRow', options.onInvalidRow ?? 'throw', ['throw', 'skip']),
    columnNames: oneOf('columnNames', options.columnNames ?? 'asIs', ['asIs', 'camelCase']),
    snapshot: boolean('snapshot', options.snapshot, true),
    asOf: timestamp('asOf', options.asOf),
    asOfAtLeast: timestamp('asOfAtLeast', options.asOfAtLeast),
    upTo: timestamp('upTo', options.upTo),
    from: token(options.from),
    checkpoint: checkpointOf(options.checkpoint),
    onHistoryLost: oneOf('onHistoryLost', options.onHistoryLost ?? 'reconcile', [
      'reconcile',
      'refetch',
      'fail',
    ]),
    trustTailHistory: boolean('trustTailHistory', options.trustTailHistory, false),
    generation: oneOf('generation', options.generation ?? 'auto', ['auto', 'tail', 'subscribe']),
    connectTimeoutMs: positive('connectTimeoutMs', options.connectTimeoutMs, 10_000),
    progressTimeoutMs: positive('progressTimeoutMs', options.progressTimeoutMs, 30_000),
    snapshotTimeoutMs:
      options.snapshotTimeoutMs === undefined
        ? undefined
        : positive('snapshotTimeoutMs', options.snapshotTimeoutMs, 0),
    maxBufferedBytes: positive('maxBufferedBytes', options.maxBufferedBytes, 8 * mebibyte),
    whenFull:
      options.whenFull === undefined
        ? undefined
        : oneOf<WhenFull>('whenFull', options.whenFull, ['pause', 'consolidate', 'fail']),
    stallTimeoutMs: positive('stallTimeoutMs', options.stallTimeoutMs, 60_000),
    maxBatchBytes: positive('maxBatchBytes', options.maxBatchBytes, 1024 * mebibyte),
    maxRowBytes: positive('maxRowBytes', options.maxRowBytes, 64 * mebibyte),
    maxHeldRows: positive('maxHeldRows', options.maxHeldRows, 10_000_000),
    retry,
    backoff: backoffOf(retry || {}),
    waitForRelation: boolean('waitForRelation', options.waitForRelation, false),
    clock: options.clock ?? systemClock,
    random,
    hashSeed: Math.floor(random() * 2 ** 32) | 0,
  }
}

/** Checks the options of a retry; the limits too, which are asked for when it comes to that. */
function backoffOf({ initialMs, minMs, maxMs, maxAttempts, giveUpAfterMs, gate }: RetryOptions): Backoff {
  const initial = positive('retry.initialMs', initialMs, defaultBackoff.initialMs)
  positive('retry.maxAttempts', maxAttempts, 1)
  positive('retry.giveUpAfterMs', giveUpAfterMs, 1)
  if (gate !== undefined && typeof gate.reserve !== 'function')
    throw invalidOption('retry.gate', gate, 'a RetryGate')
  return {
    initialMs: initial,
    minMs: positive('retry.minMs', minMs, initial * defaultBackoff.minPart),
    maxMs: positive('retry.maxMs', maxMs, defaultBackoff.maxMs),
  }
}

/** Single updates and changes cannot say that what came before is void. */
export function refuseRefetch({ onHistoryLost }: Settings): void {
  if (onHistoryLost === 'refetch')
    throw invalidOption(
      'onHistoryLost',
      'refetch',
      "'reconcile' or 'fail' here; 'refetch' is for batches() and collection()",
    )
}

/** What the server is asked for, for changes in an envelope; checked, for what would not go with it. */
export function shapeOf<Row>(
  { snapshot, from, checkpoint, onHistoryLost, columnNames }: Settings,
  { key, onKeyViolation, envelope }: ChangesOptions<Row>,
): Shape | undefined {
  if (envelope === undefined) return undefined
  const kind = oneOf<Envelope>('envelope', envelope, ['upsert', 'debezium'])
  if (typeof key === 'function') throw invalidOption('key', key, 'columns with an envelope')
  if (onKeyViolation === 'report')
    throw invalidOption('onKeyViolation', onKeyViolation, "'throw' with an envelope: the server says no rows")
  if (columnNames === 'camelCase')
    throw invalidOption('columnNames', columnNames, "'asIs' with an envelope, whose key the server reads")
  const isWhole = snapshot && from === undefined && checkpoint === undefined && onHistoryLost === 'reconcile'
  if (kind === 'upsert' && !isWhole)
    throw invalidOption(
      'envelope',
      kind,
      "'debezium' with snapshot, from, checkpoint or onHistoryLost: an upsert says nothing of a row that was not seen",
    )
  return { kind, key: typeof key === 'string' ? [key] : key }
}

/** What begins anywhere but with the contents is no collection. */
export function refusePartial({ snapshot, from, checkpoint }: Settings): void {
  const given = Object.entries({ snapshot: snapshot ? undefined : false, from, checkpoint })
  for (const [name, value] of given)
    if (value !== undefined)
      throw invalidOption(name, value, 'nothing here: collection() begins with the contents')
}

/** Where to connect to, asked anew for every attempt. */
export async function targetOf(connection: Connection): Promise<string | ConnectionOptions> {
  if (typeof connection !== 'function') return withPassword(connection)
  const target = await asked('connection', connection)
  checkTarget(target)
  return withPassword(target)
}

function withPassword(target: string | ConnectionOptions): string | ConnectionOptions {
  if (typeof target === 'string' || typeof target.password !== 'function') return target
  const { password } = target
  return { ...target, password: () => asked('password', password) }
}

/** What a function of the user gives; one that fails is asked again with the next attempt. */
async function asked<T>(name: 'connection' | 'password', give: () => T | Promise<T>): Promise<T> {
  try {
    return await give()
  } catch (cause) {
    const sentence = `The function given as ${name} failed; its error is the cause.`
    throw new TailError('CONNECTION_LOST', sentence, { retryable: true, cause })
  }
}

function checkTarget(target: string | ConnectionOptions | undefined): void {
  if (typeof target === 'string') return checkUrl(target)
  if (!isObject(target))
    throw invalidOption('connection', target, 'a postgres:// URL, its parts, or a function that gives them')
  if (target.port !== undefined) checkPort(target.port)
  for (const [name, value] of Object.entries(target.settings ?? {}))
    if (typeof value !== 'string') throw invalidOption(`connection.settings.${name}`, value, 'text')
}

function checkPort(port: number): void {
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw invalidOption('the port of connection', port, 'an integer from 1 to 65535')
}

/** The URL itself is not shown, nor kept as a cause: it may hold a password. */
export function checkUrl(url: string): void {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url))
    throw invalidOption(
      'connection',
      'not a URL that can be read (not shown: it may hold a password)',
      'postgres://user:password@host:port/database',
    )
  const port = new URL(url).searchParams.get('port')
  if (port !== null) checkPort(Number(port))
}

function checkValues({ int8, numeric, time, interval, jsonb, parse }: TailOptions): void {
  if (int8 !== undefined) oneOf('int8', int8, ['bigint', 'number', 'string'])
  const choices = { numeric: ['number'], time: ['date'], interval: ['parts'], jsonb: ['parse'] }
  for (const [name, value] of Object.entries({ numeric, time, interval, jsonb }))
    if (value !== undefined && typeof value !== 'function')
      oneOf<string>(name, value, ['string', ...choices[name as keyof typeof choices]])
  for (const [name, value] of Object.entries(parse ?? {}))
    if (typeof value !== 'function') throw invalidOption(`parse.${name}`, value, 'a function of the text')
}

function token(from: string | undefined): string | undefined {
  if (from !== undefined && typeof from !== 'string') throw invalidOption('from', from, "a batch's token")
  return from
}

/** With a key for every option there is, which the compiler sees to. */
const names: Readonly<Record<keyof TailOptions, true>> = {
  connection: true,
  signal: true,
  schema: true,
  onInvalidRow: true,
  columnNames: true,
  snapshot: true,
  from: true,
  checkpoint: true,
  onHistoryLost: true,
  trustTailHistory: true,
  asOf: true,
  asOfAtLeast: true,
  upTo: true,
  generation: true,
  connectTimeoutMs: true,
  progressTimeoutMs: true,
  snapshotTimeoutMs: true,
  maxBufferedBytes: true,
  whenFull: true,
  stallTimeoutMs: true,
  maxBatchBytes: true,
  maxRowBytes: true,
  maxHeldRows: true,
  retry: true,
  waitForRelation: true,
  clock: true,
  random: true,
  int8: true,
  numeric: true,
  time: true,
  interval: true,
  jsonb: true,
  parse: true,
}

/** A word that is misspelled would do nothing, in silence. */
function checkNames(options: TailOptions): void {
  const unknown = Object.keys(options).find(name => !Object.hasOwn(names, name))
  if (unknown !== undefined)
    throw new TailError(
      'INVALID_OPTION',
      `There is no option ${unknown}. There are ${Object.keys(names).join(', ')}.`,
    )
}

function checkpointOf(checkpoint: TailOptions['checkpoint']): TailOptions['checkpoint'] {
  if (checkpoint === undefined) return undefined
  const { store, name } = isObject(checkpoint) ? checkpoint : {}
  if (typeof store?.load !== 'function' || typeof store.save !== 'function' || typeof name !== 'string')
    throw invalidOption('checkpoint', checkpoint, '{ store, name }, such as those of fileCheckpoints(folder)')
  return checkpoint
}

/** A stream begins in one way. */
function oneBeginning({ from, checkpoint, asOf, asOfAtLeast }: TailOptions): void {
  const given = Object.entries({ from, checkpoint, asOf, asOfAtLeast }).filter(
    ([, value]) => value !== undefined,
  )
  if (given.length > 1)
    throw invalidOption(given.map(([name]) => name).join(' and '), 'given together', 'one of them')
}

function timestamp(name: string, value: bigint | undefined): bigint | undefined {
  if (value === undefined || (typeof value === 'bigint' && value >= 0n && value < 2n ** 64n)) return value
  throw invalidOption(name, value, 'a bigint from 0 to 2^64 - 1')
}

function boolean(name: string, value: boolean | undefined, byDefault: boolean): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? byDefault
  throw invalidOption(name, value, 'true or false')
}

function isObject<T>(value: T): value is T & object {
  return typeof value === 'object' && value !== null
}

function positive(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault
  if (typeof value !== 'number' || !(value > 0)) throw invalidOption(name, value, 'a positive number')
  return value
}

function standardSchema(schema: StandardSchema | undefined): StandardSchema | undefined {
  if (schema !== undefined && typeof schema['~standard']?.validate !== 'function')
    throw invalidOption('schema', schema, 'a Standard Schema, such as those of zod, valibot and arktype')
  return schema
}

function oneOf<T extends string>(name: string, value: T, allowed: readonly T[]): T {
  if (!allowed.includes(value)) throw invalidOption(name, value, allowed.map(each => `'${each}'`).join(', '))
  return value
}
