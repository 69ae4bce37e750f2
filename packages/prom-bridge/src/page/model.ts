import type { Transition } from '../series/transitions.js'
import type { ViewState } from '../types.js'

/** One line of a view's table. */
export interface RowModel {
  readonly values: readonly (string | null)[]
  readonly value: number
  readonly sinceMs: number
  /** False where it was there before anybody looked: `sinceMs` is then the first time it was seen. */
  readonly isSinceExact: boolean
}

/** What the page shows of one view. */
export interface ViewModel {
  readonly view: string
  readonly help: string
  readonly state: ViewState
  /** What is the matter, where `state` is `failed` or `blocked`. */
  readonly problem: string | undefined
  /** Whether a row is an alert: its value is always 1. The rows of other views are measurements. */
  readonly isAlert: boolean
  readonly labelNames: readonly string[]
  /** How many there are; `rows` has the newest of them, newest first. */
  readonly total: number
  readonly rows: readonly RowModel[]
  readonly transitions: readonly Transition[]
  readonly transitionsTotal: number
  /** Milliseconds since 1970; undefined before the first snapshot. */
  readonly frontierMs: number | undefined
  /** Another text whenever anything but the frontier is another one. */
  readonly version: string
}

/** How many alerts there are in all views. */
export function countAlerts(views: readonly ViewModel[]): number {
  return views.reduce((sum, { isAlert, total }) => sum + (isAlert ? total : 0), 0)
}
