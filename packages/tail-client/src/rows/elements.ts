import { excerpt, TailError } from '../errors.js'

/** A parsed array, list or map: text for scalars, null for NULL. */
export type Element = string | null | readonly Element[] | ReadonlyMap<string, Element>

/** What a text is known to be by the type of its column. */
export type ContainerKind = 'array' | 'list' | 'map'

/**
 * Parses the text of an array, list or map: `{1,NULL,"a b"}`, nested freely; a map has `=>` between key and value.
 * NULL is SQL's only when unquoted and in capitals; `null` is a string
 * (https://materialize.com/docs/sql/types/list/, https://materialize.com/docs/sql/types/map/).
 *
 * The type says what the outermost is, and arrays hold only arrays. What lists and maps hold, neither the type nor the text says: it is
 * taken for a map if all of it reads as one, so that a list in a list whose every text has an unquoted `=>` is taken for a map.
 */
export function parseElements(text: string, kind: ContainerKind): Element {
  // Array bounds: [0:2]={…}
  const start = text.startsWith('[') ? text.indexOf('=') + 1 : 0
  const parser = new ElementParser(text, start)
  const value = kind === 'map' ? parser.map() : parser.list(kind)
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

  list(kind: 'array' | 'list'): readonly Element[] {
    this.#take('{')
    const items: Element[] = []
    while (this.#text[this.at] !== '}') {
      if (items.length > 0) this.#take(',')
      if (this.#text[this.at] === '{') items.push(kind === 'array' ? this.list(kind) : this.#either())
      else items.push(this.#scalar(false))
    }
    this.#take('}')
    return items
  }

  map(): ReadonlyMap<string, Element> {
    this.#take('{')
    const entries = new Map<string, Element>()
    while (this.#text[this.at] !== '}') {
      if (entries.size > 0) this.#take(',')
      const key = this.#scalar(true)
      this.#take('=')
      this.#take('>')
      // A key may be any text, also NULL; only a value can be SQL's.
      entries.set(key ?? 'NULL', this.#text[this.at] === '{' ? this.#either() : this.#scalar(true))
    }
    this.#take('}')
    return entries
  }

  #either(): Element {
    const from = this.at
    try {
      const map = this.map()
      if (map.size > 0) return map
    } catch (error) {
      if (!TailError.is(error)) throw error
    }
    this.at = from
    return this.list('list')
  }

  #scalar(isInMap: boolean): string | null {
    return this.#text[this.at] === '"' ? this.#quoted() : this.#bare(isInMap)
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

  #bare(isInMap: boolean): string | null {
    const ends = isInMap ? '{},"=' : '{},"'
    const from = this.at
    while (this.at < this.#text.length && !ends.includes(this.#text[this.at] ?? '')) this.at++
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
  return new TailError('DECODE', `Not an array, list or map: ${JSON.stringify(excerpt(text))}.`)
}
