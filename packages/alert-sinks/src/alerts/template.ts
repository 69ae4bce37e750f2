import { invalidOption } from '../errors.js'
import type { Template } from '../types.js'
import { textOf } from './text.js'

const urlText = /^https?:\/\/[^\s\p{Cc}/?#%\\]+(?:[/?#](?:[^\s\p{Cc}%]|%[\dA-Fa-f]{2})*)?$/u

/** Makes a text of a row; undefined if it cannot. Never throws. */
export type Render<Row> = (row: Row) => string | undefined

/**
 * A template as a function. `{{ column }}` is the value of the row's own column, put through `encode`; nothing else is evaluated.
 * It gives undefined if the row has no such column, or if a function throws or gives nothing.
 * Throws `INVALID_OPTION` for braces that do not match.
 */
export function template<Row>(
  option: string,
  given: Template<Row>,
  encode: (text: string) => string = text => text,
): Render<Row> {
  if (typeof given === 'function')
    return row => {
      try {
        const value = given(row)
        return value === null || value === undefined ? undefined : textOf(value)
      } catch {
        return undefined
      }
    }
  if (typeof given !== 'string')
    throw invalidOption(option, given, 'a text with {{ column }} in it, or a function of the row')
  const parts = parse(option, given)
  return row => {
    let text = ''
    for (const part of parts) {
      if (typeof part === 'string') text += part
      else if (!Object.hasOwn(row as object, part.column)) return undefined
      else text += encode(textOf((row as Readonly<Record<string, unknown>>)[part.column]))
    }
    return textOf(text)
  }
}

/** A template whose result must be an absolute http or https URL; values of columns are encoded. */
export function urlTemplate<Row>(option: string, given: Template<Row>): Render<Row> {
  const render = template(option, given, encodeURIComponent)
  return row => {
    const text = render(row)
    return text !== undefined && isUrl(text) ? text : undefined
  }
}

/**
 * An http or https URL that everybody can read: Go, and with it Alertmanager, refuses control characters, a % that escapes nothing, and
 * escapes in the name of a host.
 */
export function isUrl(text: unknown): text is string {
  return typeof text === 'string' && urlText.test(text) && URL.canParse(text)
}

function parse(option: string, text: string): readonly (string | { readonly column: string })[] {
  const parts: (string | { readonly column: string })[] = []
  let from = 0
  for (const match of text.matchAll(/\{\{\s*([^{}]*?)\s*\}\}/g)) {
    if (match[1] === '') throw invalidOption(option, text, 'a column between {{ and }}')
    parts.push(plain(option, text, from, match.index), { column: match[1] ?? '' })
    from = match.index + match[0].length
  }
  parts.push(plain(option, text, from, text.length))
  return parts.filter(part => part !== '')
}

function plain(option: string, text: string, from: number, to: number): string {
  const part = text.slice(from, to)
  if (/\{\{|\}\}/.test(part)) throw invalidOption(option, text, 'a text where every {{ has its }}')
  return part
}
