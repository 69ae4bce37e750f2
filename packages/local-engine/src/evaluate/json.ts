import { plainNumber } from './numbers.js'

/**
 * JSON as Materialize writes `jsonb`: no spaces, keys in the order of their bytes, numbers in plain decimal notation
 * with every digit kept. The input is PostgreSQL's output and therefore well formed; strings keep their escapes.
 */
export function compactJson(text: string): string {
  return new JsonReader(text).value()
}

const blanks = /[ \n\r\t]*/y
const bareLiteral = /[^\s,\]}]+/y

class JsonReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(): string {
    this.#match(blanks)
    if (this.#take('{')) return this.#object()
    if (this.#take('[')) return this.#array()
    if (this.#text[this.#at] === '"') return this.#string()
    const literal = this.#match(bareLiteral)
    return /^-?\d/.test(literal) ? plainNumber(literal) : literal
  }

  #object(): string {
    const members = new Map<string, string>()
    while (this.#at < this.#text.length && !this.#take('}')) {
      this.#match(blanks)
      const key = this.#string()
      this.#take(':')
      members.set(key, this.value())
      this.#take(',')
    }
    const sorted = [...members].map(([key, value]) => [nameOf(key), key, value] as const)
    sorted.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    return `{${sorted.map(([, key, value]) => `${key}:${value}`).join(',')}}`
  }

  #array(): string {
    const items: string[] = []
    while (this.#at < this.#text.length && !this.#take(']')) {
      items.push(this.value())
      this.#take(',')
    }
    return `[${items.join(',')}]`
  }

  /** By hand: a pattern that repeats alternatives ends V8's stack within some megabytes. */
  #string(): string {
    const start = this.#at
    let end = start
    do end = this.#text.indexOf('"', end + 1)
    while (end > 0 && isEscaped(this.#text, end))
    this.#at = end < 0 ? this.#text.length : end + 1
    return this.#text.slice(start, this.#at)
  }

  #take(symbol: string): boolean {
    this.#match(blanks)
    if (this.#text[this.#at] !== symbol) return false
    this.#at++
    return true
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }
}

/** Whether an odd number of backslashes stands before this place. */
function isEscaped(text: string, at: number): boolean {
  let first = at
  while (text[first - 1] === '\\') first--
  return (at - first) % 2 === 1
}

function nameOf(literal: string): string {
  return literal.includes('\\') ? String(JSON.parse(literal)) : literal.slice(1, -1)
}
