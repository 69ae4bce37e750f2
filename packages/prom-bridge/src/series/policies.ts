import { invalidOption } from '../errors.js'
import type { CollisionPolicy, NullPolicy, OverLimitPolicy, ViewOptions } from '../types.js'
import { minLabelBytes } from './text.js'

/** What a view does where there is more than one way, checked and complete. */
export interface Policies {
  readonly collisions: CollisionPolicy
  readonly nulls: NullPolicy
  readonly maxLabelBytes: number
  readonly maxSeries: number | undefined
  readonly overLimit: OverLimitPolicy
  /** Undefined where a series goes at once. */
  readonly zeroForMs: number | undefined
  /** How long samples stay after the last batch of a view that is disconnected; 0 where they are dropped, or the scrape fails. */
  readonly holdForMs: number
  readonly failsScrape: boolean
  readonly staleAfterMs: number
}

const collisionPolicies: readonly CollisionPolicy[] = ['count', 'sum', 'min', 'max', 'last', 'error']
const overLimitPolicies: readonly OverLimitPolicy[] = ['drop-new', 'drop-all', 'fail']

/** Checks the policies among the options of a view. Throws `INVALID_OPTION`. */
export function policies(options: ViewOptions): Policies {
  const { view, value, collisions = 'max', nulls = 'omit', overLimit = 'drop-new' } = options
  const { maxLabelBytes, maxSeries, onRemove = 'delete', onDisconnect = 'hold', staleAfterMs } = options
  const check = (name: keyof ViewOptions, isRight: boolean, wanted: string): void => {
    if (!isRight) throw invalidOption(`${name} of ${view}`, options[name], wanted)
  }
  check('collisions', collisionPolicies.includes(collisions), oneOf(collisionPolicies))
  if (collisions === 'count')
    check(
      'value',
      value === undefined,
      'nothing where collisions is "count": the number of rows is the value',
    )
  if (collisions === 'sum')
    check(
      'value',
      !(value && 'ageOf' in value),
      '{ column: "…" } where collisions is "sum": ages have no sum',
    )
  check('nulls', isNullPolicy(nulls), '"omit", "skip" or { sentinel: "a text" }')
  check('overLimit', overLimitPolicies.includes(overLimit), oneOf(overLimitPolicies))
  check('maxSeries', isWhole(maxSeries, 1), 'a whole number of series, at least 1')
  check('maxLabelBytes', isWhole(maxLabelBytes, minLabelBytes), `a whole number, at least ${minLabelBytes}`)
  check('staleAfterMs', staleAfterMs === undefined || isDuration(staleAfterMs), 'milliseconds, more than 0')
  const holdForMs = holdFor(onDisconnect)
  if (holdForMs === undefined)
    throw invalidOption(
      `onDisconnect of ${view}`,
      onDisconnect,
      '"hold", { holdForMs: 300000 }, "drop" or "fail-scrape"',
    )
  const zeroForMs = onRemove === 'delete' ? undefined : zeroFor(onRemove)
  check('onRemove', onRemove === 'delete' || zeroForMs !== undefined, '"delete" or { zeroForMs: 60000 }')
  return {
    collisions,
    nulls,
    maxLabelBytes: maxLabelBytes ?? Number.POSITIVE_INFINITY,
    maxSeries,
    overLimit,
    zeroForMs,
    holdForMs,
    failsScrape: onDisconnect === 'fail-scrape',
    staleAfterMs: staleAfterMs ?? Number.POSITIVE_INFINITY,
  }
}

function isNullPolicy(nulls: unknown): nulls is NullPolicy {
  if (nulls === 'omit' || nulls === 'skip') return true
  if (typeof nulls !== 'object' || nulls === null || !('sentinel' in nulls)) return false
  return typeof nulls.sentinel === 'string' && nulls.sentinel !== ''
}

function isWhole(value: unknown, least: number): boolean {
  return value === undefined || (Number.isSafeInteger(value) && Number(value) >= least)
}

function zeroFor(onRemove: unknown): number | undefined {
  if (typeof onRemove !== 'object' || onRemove === null || !('zeroForMs' in onRemove)) return undefined
  return isDuration(onRemove.zeroForMs) ? onRemove.zeroForMs : undefined
}

function holdFor(policy: unknown): number | undefined {
  if (policy === 'hold') return Number.POSITIVE_INFINITY
  if (policy === 'drop' || policy === 'fail-scrape') return 0
  if (typeof policy !== 'object' || policy === null || !('holdForMs' in policy)) return undefined
  return isDuration(policy.holdForMs) ? policy.holdForMs : undefined
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && Number.isFinite(value)
}

function oneOf(names: readonly string[]): string {
  return names.map(name => JSON.stringify(name)).join(', ')
}
