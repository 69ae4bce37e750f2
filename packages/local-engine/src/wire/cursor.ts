import type { Token } from './tokens.js'

/** A position in a statement's tokens, for grammars that look one token ahead. */
export class Cursor {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead]
  }

  next(): Token | undefined {
    return this.#tokens[this.#at++]
  }

  /** Takes the words or symbols if all of them come next. Quoted identifiers and strings never match. */
  take(...values: readonly string[]): boolean {
    const all = values.every((value, i) => {
      const token = this.peek(i)
      return (token?.kind === 'word' || token?.kind === 'symbol') && token.value === value
    })
    if (all) this.#at += values.length
    return all
  }

  /** Takes tokens up to the parenthesis that closes the one already taken, and it; undefined if none does. */
  toClosing(): readonly Token[] | undefined {
    const inside: Token[] = []
    for (let depth = 1; ; ) {
      const token = this.next()
      if (token === undefined) return undefined
      if (token.kind === 'symbol' && token.value === '(') depth++
      if (token.kind === 'symbol' && token.value === ')') depth--
      if (depth === 0) return inside
      inside.push(token)
    }
  }
}
