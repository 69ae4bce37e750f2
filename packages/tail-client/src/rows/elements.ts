import { TailError } from '../errors.js'

/** A parsed array, list or map: text for scalars, null for NULL. */
export type Element = string | null | readonly Element[] | ReadonlyMap<string, Element>

/**
 * Parses the text of an array, list or map: `{1,NULL,"a b"}`, nested freely; a map has `=>` between key and value.
 * NULL is SQL's only when unquoted and in capitals; `null` is a string
 * (https://materialize.com/docs/sql/types/list/, https://materialize.com/docs/sql/types/map/).
 */
export function parseElements(text: string): Element {
  const start = text.startsWith('[') ? text.indexOf('=') + 1 : 0 // array bounds: [0:2]={…}
  const parser = new ElementParser(text, start)
  const value = parser.container()
  if (parser.at !== text.length) throw unreadable(text)
  return value
}

class ElementParser {
  readonly #text: string
  at: number

  constructor(text: string, at: number) {
    this.#text = text
    this.at = at
  }

  container(): Element {
    this.#take('{')
    const items: Element[] = []
    let map: Map<string, Element> | undefined
    while (this.#text[this.at] !== '}') {
      if (items.length > 0 || (map && map.size > 0)) this.#take(',')
      const item = this.#element()
      if (this.#text.startsWith('=>', this.at) && typeof item === 'string') {
        this.at += 2
        map ??= new Map()
        map.set(item, this.#element())
      } else items.push(item)
    }
    this.#take('}')
    return map ?? items
  }

  #element(): Element {
    const first = this.#text[this.at]
    if (first === '{') return this.container()
    return first === '"' ? this.#quoted() : this.#bare()
  }

  #quoted(): string {
    let value = ''
    for (let at = this.at + 1; at < this.#text.length; at++) {
      const char = this.#text[at]
      if (char === '"') {
        this.at = at + 1
        return value
      }
      value += char === '\\' ? (this.#text[++at] ?? '') : char
    }
    throw unreadable(this.#text)
  }

  #bare(): string | null {
    const from = this.at
    while (
      this.at < this.#text.length &&
      !',}'.includes(this.#text[this.at] ?? '') &&
      !this.#text.startsWith('=>', this.at)
    )
      this.at++
    if (this.at === from) throw unreadable(this.#text)
    const word = this.#text.slice(from, this.at)
    return word === 'NULL' ? null : word
  }

  #take(char: string): void {
    if (this.#text[this.at] !== char) throw unreadable(this.#text)
    this.at++
  }
}

function unreadable(text: string): TailError {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text
  return new TailError('DECODE', `Not an array, list or map: ${JSON.stringify(shown)}.`)
}
