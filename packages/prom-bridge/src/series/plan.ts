import { invalidOption, nameTaken, unknownColumn } from '../errors.js'
import type { CollisionPolicy, ValueOptions, ViewOptions } from '../types.js'
import { checkLabelName, checkMetricName, sanitize } from './names.js'

/** The options of a view, checked and complete. */
export interface Plan {
  /** As they were given. */
  readonly options: ViewOptions
  readonly view: string
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
  /** The column of each label, by position. */
  readonly labelColumns: readonly string[]
  readonly value: ValueOptions | undefined
  /** Every column that is used. */
  readonly columns: readonly string[]
  readonly collisions: CollisionPolicy
}

/**
 * Checks the options of all views before anything connects.
 * Throws `INVALID_OPTION`, `INVALID_NAME`, and `NAME_TAKEN` if two views would have one name.
 */
export function plans(views: readonly ViewOptions[]): readonly Plan[] {
  if (!Array.isArray(views) || views.length === 0)
    throw invalidOption('views', views, 'a list of at least one view')
  const checked = views.map(plan)
  checked.forEach((one, index) => {
    for (const other of checked.slice(0, index)) {
      if (other.view === one.view)
        throw nameTaken(
          one.view,
          'another view of this bridge',
          'Give one of them another name, and its SELECT as query.',
        )
      if (other.name === one.name)
        throw nameTaken(
          one.name,
          `the metric of view ${JSON.stringify(other.view)}`,
          'Set the option name of one of them.',
        )
    }
  })
  return checked
}

function plan(options: ViewOptions): Plan {
  if (typeof options !== 'object' || options === null)
    throw invalidOption('views', [options], 'a list of objects')
  const { view, name = sanitize(String(view)), help, labels, value, collisions = 'max' } = options
  if (typeof view !== 'string' || view === '') throw invalidOption('view', view, 'the name of a relation')
  checkMetricName(name, view)
  if (help !== undefined && typeof help !== 'string') throw invalidOption(`help of ${view}`, help, 'a text')
  if (typeof labels !== 'object' || labels === null)
    throw invalidOption(
      `labels of ${view}`,
      labels,
      'an object of label names and the columns that fill them; it may be empty',
    )
  for (const [label, column] of Object.entries(labels)) {
    checkLabelName(label, view)
    if (typeof column !== 'string')
      throw invalidOption(`labels.${label} of ${view}`, column, 'the name of a column')
  }
  if (value !== undefined && !isValue(value))
    throw invalidOption(`value of ${view}`, value, '{ column: "…" } or { multiplicity: true }')
  if (collisions !== 'max' && collisions !== 'min')
    throw invalidOption(`collisions of ${view}`, collisions, '"max" or "min"')
  return {
    options,
    view,
    name,
    help: help ?? defaultHelp(view, value),
    labelNames: Object.keys(labels),
    labelColumns: Object.values(labels),
    value,
    columns:
      value !== undefined && 'column' in value
        ? [...Object.values(labels), value.column]
        : Object.values(labels),
    collisions,
  }
}

/** Throws `UNKNOWN_COLUMN` if the plan uses a column that is not among those of the view. */
export function checkColumns({ view, columns }: Plan, there: readonly string[]): void {
  const missing = columns.find(column => !there.includes(column))
  if (missing !== undefined) throw unknownColumn(view, missing, there)
}

function isValue(value: unknown): value is ValueOptions {
  if (typeof value !== 'object' || value === null) return false
  if ('column' in value) return typeof value.column === 'string'
  return 'multiplicity' in value && value.multiplicity === true
}

function defaultHelp(view: string, value: ValueOptions | undefined): string {
  if (value === undefined) return `1 for every row of view ${view}.`
  return 'column' in value
    ? `Column ${value.column} of every row of view ${view}.`
    : `How many times view ${view} holds each row.`
}
