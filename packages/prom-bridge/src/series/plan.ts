import { invalidOption, nameTaken, unknownColumn } from '../errors.js'
import type { CollisionPolicy, LabelOptions, ValueOptions, ViewOptions } from '../types.js'
import { checkLabelName, checkMetricName, sanitize } from './names.js'
import { type Policies, policies } from './policies.js'

/** The options of a view, checked and complete. */
export interface Plan extends Policies {
  /** As they were given. */
  readonly options: ViewOptions
  readonly view: string
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
  /** What fills each label, by position. */
  readonly labels: readonly LabelOptions[]
  readonly value: ValueOptions | undefined
  /** Whether values are ages: those of the store are then to be added to the clock, in seconds. */
  readonly isAge: boolean
  /** Every column that is used. */
  readonly columns: readonly string[]
}

/**
 * Checks the options of all views before anything connects.
 * Throws `INVALID_OPTION`, `INVALID_NAME`, and `NAME_TAKEN` if two views would have one name and are not one metric.
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
      const conflict = other.name === one.name ? familyConflict(one, other) : undefined
      if (conflict !== undefined)
        throw nameTaken(
          one.name,
          `the metric of view ${JSON.stringify(other.view)}`,
          `Set the option name of one of them, or make them one metric: ${conflict}.`,
        )
    }
  })
  return checked
}

function plan(options: ViewOptions): Plan {
  if (typeof options !== 'object' || options === null)
    throw invalidOption('views', [options], 'a list of objects')
  const { view, name = sanitize(String(view)), help, labels, value } = options
  if (typeof view !== 'string' || view === '') throw invalidOption('view', view, 'the name of a relation')
  checkMetricName(name, view)
  if (help !== undefined && typeof help !== 'string') throw invalidOption(`help of ${view}`, help, 'a text')
  if (typeof labels !== 'object' || labels === null)
    throw invalidOption(
      `labels of ${view}`,
      labels,
      'an object of label names and the columns that fill them; it may be empty',
    )
  for (const [label, from] of Object.entries(labels)) {
    checkLabelName(label, view, typeof from === 'string' ? from : undefined)
    if (!isLabel(from))
      throw invalidOption(
        `labels.${label} of ${view}`,
        from,
        'the name of a column, { value: "a constant text" } or a function of the row',
      )
  }
  if (value !== undefined && !isValue(value))
    throw invalidOption(
      `value of ${view}`,
      value,
      '{ column: "…" }, { ageOf: "…" } or { multiplicity: true }',
    )
  const rules = policies(options)
  const columns = Object.values(labels).filter(from => typeof from === 'string')
  const column = value && valueColumn(value)
  return {
    options,
    view,
    name,
    help: help ?? defaultHelp(view, value, rules.collisions),
    labelNames: Object.keys(labels),
    labels: Object.values(labels),
    value,
    isAge: value !== undefined && 'ageOf' in value,
    columns: column === undefined ? columns : [...columns, column],
    ...rules,
  }
}

/**
 * Why two views cannot be one metric: they can if it has one help and one set of labels, and if a constant label tells their series
 * apart whatever their rows say.
 */
function familyConflict(one: Plan, other: Plan): string | undefined {
  if (one.help !== other.help) return 'give both the same help'
  if (!isSame(one.labelNames.toSorted(), other.labelNames.toSorted())) return 'give both the same labels'
  const constants = constantsOf(other)
  const tells = [...constantsOf(one)].some(([name, value]) => (constants.get(name) ?? value) !== value)
  return tells
    ? undefined
    : 'give both a label whose constant value, { value: "…" }, tells their series apart'
}

function constantsOf({ labelNames, labels }: Plan): ReadonlyMap<string, string> {
  const constants = new Map<string, string>()
  labels.forEach((from, index) => {
    if (typeof from === 'object') constants.set(labelNames[index] ?? '', from.value)
  })
  return constants
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index])
}

/** The column that the value is taken from, if it is. */
function valueColumn(value: ValueOptions): string | undefined {
  if ('column' in value) return value.column
  return 'ageOf' in value ? value.ageOf : undefined
}

/** Throws `UNKNOWN_COLUMN` if the plan uses a column that is not among those of the view. */
export function checkColumns({ view, columns }: Plan, there: readonly string[]): void {
  const missing = columns.find(column => !there.includes(column))
  if (missing !== undefined) throw unknownColumn(view, missing, there)
}

function isLabel(from: unknown): from is LabelOptions {
  if (typeof from === 'string' || typeof from === 'function') return true
  return typeof from === 'object' && from !== null && 'value' in from && isText(from.value)
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isValue(value: unknown): value is ValueOptions {
  if (typeof value !== 'object' || value === null) return false
  if ('column' in value) return typeof value.column === 'string'
  if ('ageOf' in value) return typeof value.ageOf === 'string'
  return 'multiplicity' in value && value.multiplicity === true
}

function defaultHelp(view: string, value: ValueOptions | undefined, collisions: CollisionPolicy): string {
  if (collisions === 'count') return `How many rows of view ${view} have these labels.`
  if (value === undefined) return `1 for every row of view ${view}.`
  if ('column' in value) return `Column ${value.column} of every row of view ${view}.`
  return 'ageOf' in value
    ? `Seconds since column ${value.ageOf} of every row of view ${view}.`
    : `How many times view ${view} holds each row.`
}
