/** How an element's text is converted. */
export type Convert = (text: string) => string

/**
 * An array's text as Materialize writes it: elements converted, and quoted only where Materialize quotes: empty,
 * exactly `NULL`, or holding braces, a comma, a quote, a backslash or white space. PostgreSQL quotes `null` in any case.
 * A leading `[l:u]=` stays as it is.
 */
export function convertArray(text: string, convert: Convert): string {
  const start = text.indexOf('{')
  let out = text.slice(0, start)
  for (let at = start; at < text.length; ) {
    const symbol = text[at] ?? ''
    if (symbol === '{' || symbol === '}' || symbol === ',') {
      out += symbol
      at++
      continue
    }
    const end = symbol === '"' ? closingQuote(text, at) + 1 : bareEnd(text, at)
    const element = text.slice(at, end)
    if (symbol === '"') out += quote(convert(element.slice(1, -1).replace(/\\([\s\S])/g, '$1')))
    else out += element.toUpperCase() === 'NULL' ? 'NULL' : quote(convert(element))
    at = end
  }
  return out
}

function closingQuote(text: string, open: number): number {
  let at = open + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}

function bareEnd(text: string, start: number): number {
  let at = start
  while (at < text.length && text[at] !== ',' && text[at] !== '}') at++
  return at
}

function quote(value: string): string {
  const needs = value === '' || value === 'NULL' || /[{},"\\ \t\n\r\v\f]/.test(value)
  return needs ? `"${value.replace(/["\\]/g, '\\$&')}"` : value
}
