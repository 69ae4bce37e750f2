import type { Clock } from '@mzalert/tail-client'
import { type Backoff, defaultBackoff } from '../delivery/backoff.js'
import { systemClock } from '../delivery/clock.js'
import { invalidOption, nameTaken } from '../errors.js'
import type { Timing } from '../lifecycle/lifecycle.js'
import type { NotifyOptions, SendAlerts, Sink } from '../types.js'

/** The options of `notify()`, checked and complete. */
export interface Settings {
  readonly name: string
  readonly sinks: readonly Sink[]
  readonly timing: Timing
  readonly backoff: Backoff
  readonly maxQueued: number
  readonly holdForMs: number
  readonly drainMs: number
  readonly storeTimeoutMs: number
  readonly dryRun: boolean
  readonly now: () => number
  readonly clock: Clock
  readonly random: () => number
}

/** Throws `INVALID_OPTION`, and `NAME_TAKEN` for two sinks of one name. */
export function settings<Row>(options: NotifyOptions<Row>): Settings {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', options, 'an object')
  const {
    name,
    flapping,
    retry = {},
    store,
    now = Date.now,
    clock = systemClock,
    random = Math.random,
  } = options
  if (typeof name !== 'string' || name === '') throw invalidOption('name', name, 'what the alerts are called')
  if (store !== undefined && (typeof store?.load !== 'function' || typeof store.save !== 'function'))
    throw invalidOption('store', store, 'fileStore(), postgresStore(), or an object with load and save')
  const backoff = {
    initialMs: ms('retry.initialMs', retry.initialMs, defaultBackoff.initialMs),
    maxMs: ms('retry.maxMs', retry.maxMs, defaultBackoff.maxMs),
  }
  return {
    name,
    sinks: sinksOf(options.sinks),
    timing: {
      forMs: ms('forMs', options.forMs, 0),
      keepFiringMs: ms('keepFiringMs', options.keepFiringMs, 0),
      flapping: flapping && {
        firings: whole('flapping.firings', flapping.firings, 1),
        withinMs: ms('flapping.withinMs', flapping.withinMs, undefined),
      },
    },
    backoff,
    maxQueued: whole('maxQueued', options.maxQueued ?? 100_000, 1),
    holdForMs:
      options.holdForMs === undefined
        ? Number.POSITIVE_INFINITY
        : ms('holdForMs', options.holdForMs, undefined),
    drainMs: ms('drainMs', options.drainMs, 5000),
    storeTimeoutMs: ms('storeTimeoutMs', options.storeTimeoutMs, 5000),
    dryRun: options.dryRun ?? false,
    now,
    clock,
    random,
  }
}

function sinksOf(given: NotifyOptions<never>['sinks']): readonly Sink[] {
  if (!Array.isArray(given) || given.length === 0)
    throw invalidOption('sinks', given, 'a list of at least one sink')
  const sinks = (given as readonly (Sink | SendAlerts | readonly Sink[])[])
    .flat()
    .map((sink, index): Sink => {
      const checked =
        typeof sink === 'function' ? { name: sink.name || `sink${index + 1}`, send: sink } : sink
      if (typeof checked?.send !== 'function' || typeof checked.name !== 'string' || checked.name === '')
        throw invalidOption(`sinks[${index}]`, typeof sink, 'a function, or an object with name and send')
      whole(`batchSize of sink ${checked.name}`, checked.batchSize ?? 1, 1)
      whole(`concurrency of sink ${checked.name}`, checked.concurrency ?? 1, 1)
      ms(`timeoutMs of sink ${checked.name}`, checked.timeoutMs, 1)
      ms(`resend.resolvedForMs of sink ${checked.name}`, checked.resend?.resolvedForMs, 0)
      ms(`resend.lapsesAfterMs of sink ${checked.name}`, checked.resend?.lapsesAfterMs, 0)
      if (checked.resend && !(checked.resend.everyMs >= 1))
        throw invalidOption(`resend.everyMs of sink ${checked.name}`, checked.resend.everyMs, 'at least 1 ms')
      ms(`minIntervalMs of sink ${checked.name}`, checked.minIntervalMs, 0)
      return plain(checked)
    })
  const names = new Set<string>()
  for (const { name } of sinks) {
    if (names.has(name))
      throw nameTaken(
        name,
        'another sink',
        'What each of them knows is stored by name: give one of them another.',
      )
    names.add(name)
  }
  return sinks
}

/** Without a prototype, so that it can be spread, and with methods that keep their `this`. */
function plain(sink: Sink): Sink {
  const { name, batchSize, concurrency, minIntervalMs, timeoutMs, updates, resend } = sink
  return {
    name,
    send: (alerts, context) => sink.send(alerts, context),
    close: async () => sink.close?.(),
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(minIntervalMs === undefined ? {} : { minIntervalMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(updates === undefined ? {} : { updates }),
    ...(resend === undefined ? {} : { resend }),
  }
}

function ms(option: string, given: number | undefined, byDefault: number | undefined): number {
  const value = given ?? byDefault
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
    throw invalidOption(option, value, 'a number of milliseconds, not negative')
  return value
}

function whole(option: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least)
    throw invalidOption(option, value, `a whole number of at least ${least}`)
  return value
}
