import { invalidOption } from '../errors.js'
import type { AlertOptions, SkipReason } from '../types.js'
import { fingerprint } from './fingerprint.js'
import { isLabelName, type LabelSet, labeller } from './labels.js'
import { isUrl, type Render, template, urlTemplate } from './template.js'
import { rankOf, timeMs } from './text.js'

/** What a row says about its alert. */
export interface Content {
  /** Equal for equal label sets only, also where fingerprints are not. */
  readonly key: string
  readonly fingerprint: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly links: Readonly<Record<string, string>>
  readonly generatorURL: string | undefined
  /** When it began, if the row says so: milliseconds since 1970. */
  readonly startsAtMs: number | undefined
  /** Of the rows of an alert, the one with the greatest speaks for it. */
  readonly rank?: number
}

/** Told of a text that could not be made, and what stands in for it. */
export type OnFallback = (option: string) => void

/** Makes content of rows; never throws. */
export type ContentOf<Row> = (row: Row) => Content | SkipReason

/** Checks what the alerts are made of, and gives the function that makes them. Throws `INVALID_OPTION`. */
export function contentOf<Row>(options: AlertOptions<Row>, onFallback: OnFallback): ContentOf<Row> {
  const { annotations = {}, links = {}, generatorURL, silenceAt, startsAt, dedupe } = options
  const labelsOf = labeller(options)
  const texts = Object.entries(annotations).map(([name, given]) => {
    if (!isLabelName(name))
      throw invalidOption('annotations', name, 'names of letters, digits and _, no digit and no __ first')
    return [name, template(`annotations.${name}`, given)] as const
  })
  const urls = Object.entries(links).map(([name, given]) => {
    if (!isLabelName(name)) throw invalidOption('links', name, 'names of letters, digits and _')
    return [name, urlTemplate(`links.${name}`, given)] as const
  })
  const generator = generatorURL === undefined ? undefined : urlTemplate<Row>('generatorURL', generatorURL)
  if (silenceAt !== undefined && !isUrl(silenceAt))
    throw invalidOption('silenceAt', silenceAt, 'the http or https URL of an Alertmanager')
  const beganAt = startsAt === undefined ? undefined : numberOf<Row>('startsAt', startsAt, timeMs)
  const ranked = dedupe === undefined ? undefined : numberOf<Row>('dedupe', dedupe, rankOf)
  return row => {
    const set = labelsOf(row)
    if (typeof set === 'string') return set
    const rendered = rendering(row, onFallback)
    const began = beganAt?.(row)
    if (beganAt && began === undefined) onFallback('startsAt')
    const rank = ranked?.(row)
    if (ranked && rank === undefined) onFallback('dedupe')
    return {
      key: JSON.stringify(set),
      fingerprint: fingerprint(set),
      labels: Object.fromEntries(set),
      // A plain text rather than none: whoever is woken up has to know what it is about.
      annotations: rendered(texts, 'annotations', () => plainText(set)),
      links: {
        ...rendered(urls, 'links', () => undefined),
        ...(silenceAt === undefined ? {} : { silence: silenceUrl(silenceAt, set) }),
      },
      generatorURL:
        generator && rendered([['generatorURL', generator]], undefined, () => undefined)['generatorURL'],
      startsAtMs: began,
      ...(rank === undefined ? {} : { rank }),
    }
  }
}

function rendering<Row>(
  row: Row,
  onFallback: OnFallback,
): (
  templates: readonly (readonly [string, Render<Row>])[],
  option: string | undefined,
  fallback: () => string | undefined,
) => Record<string, string> {
  return (templates, option, fallback) => {
    const texts: Record<string, string> = {}
    for (const [name, render] of templates) {
      let text = render(row)
      if (text === undefined) {
        onFallback(option === undefined ? name : `${option}.${name}`)
        text = fallback()
      }
      if (text !== undefined && text !== '') texts[name] = text
    }
    return texts
  }
}

/** The labels as text, for where a template failed. */
function plainText(labels: LabelSet): string {
  return labels.map(([name, value]) => `${name}=${value}`).join(', ')
}

function silenceUrl(alertmanager: string, labels: LabelSet): string {
  const matchers = labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')
  return `${alertmanager.replace(/\/+$/, '')}/#/silences/new?filter=${encodeURIComponent(`{${matchers}}`)}`
}

/** A row without the column, or a value that is neither a number nor a time, gives undefined. */
function numberOf<Row>(
  option: 'startsAt' | 'dedupe',
  from: string | ((row: Row) => unknown),
  read: (value: unknown) => number | undefined,
): (row: Row) => number | undefined {
  if (typeof from === 'function')
    return row => {
      try {
        return read(from(row))
      } catch {
        return undefined
      }
    }
  if (typeof from !== 'string')
    throw invalidOption(option, from, 'the name of a column, or a function of the row')
  return row => {
    const columns = row as Readonly<Record<string, unknown>>
    return Object.hasOwn(columns, from) ? read(columns[from]) : undefined
  }
}
