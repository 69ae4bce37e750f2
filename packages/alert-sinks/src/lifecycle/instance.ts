import type { Content } from '../alerts/content.js'

/**
 * `pending`: the row is there, not yet for long enough. `firing`: it is, and was. `kept`: the row is gone, not yet for long enough.
 * `quiet`: neither; only remembered for how often it fired.
 */
export type Phase = 'pending' | 'firing' | 'kept' | 'quiet'

/** A distinct row of the view. */
export interface RowEntry {
  readonly raw: string
  readonly instance: Instance
  readonly content: Content
  /** May be negative until a later update makes up for it; the row is there while it is positive. */
  multiplicity: number
  /** Of its last update, in milliseconds of the server's clock. */
  atMs: number
}

/** One alert over its life: all rows with one label set. Times are in milliseconds of the server's clock. */
export interface Instance {
  readonly key: string
  /** Of the row that speaks for it; of the last one there was, when there is none. */
  content: Content
  phase: Phase
  /** When the phase `pending` began. */
  sinceMs: number
  /** When the row went. */
  goneMs: number
  /** How long the row must be gone. */
  keepMs: number
  /** When the alert fired, or what its row says. */
  startsAtMs: number
  rows: RowEntry[]
  /** When it fired, as far back as damping looks. */
  firings: number[]
}

/** A change of an alert that others are told of. */
export interface Change {
  readonly type: 'firing' | 'updated' | 'resolved'
  readonly key: string
  readonly content: Content
  readonly startsAtMs: number
  /** When it was resolved; undefined otherwise. */
  readonly endsAtMs: number | undefined
}

export function newInstance(content: Content): Instance {
  return {
    key: content.key,
    content,
    phase: 'quiet',
    sinceMs: 0,
    goneMs: 0,
    keepMs: 0,
    startsAtMs: 0,
    rows: [],
    firings: [],
  }
}

/** Whether two contents say the same, but for when it began. */
export function saysTheSame(a: Content, b: Content): boolean {
  return (
    a === b ||
    (a.generatorURL === b.generatorURL &&
      sameTexts(a.annotations, b.annotations) &&
      sameTexts(a.links, b.links))
  )
}

function sameTexts(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every(name => a[name] === b[name])
}
