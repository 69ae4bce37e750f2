import { framesOf } from './frames.js'

/** The most names that are remembered of one client; whoever sets more keeps the latest. */
const maxNames = 100

const assigning = /\bset\b|set_config/i
const quiet = /set_config/i
const dotted = /\b[a-z_][\w$]*\.[a-z_][\w$]*/gi

/**
 * What one client's messages say of settings. PostgreSQL does not list those with a dot in their names, and
 * `set_config()`, once prepared, leaves no trace when it runs.
 */
export class Assignments {
  readonly #names = new Set<string>()
  #isQuiet = false

  /** Settings may change with any message of this client. */
  get isQuiet(): boolean {
    return this.#isQuiet
  }

  /** Names with a dot that may be settings. */
  get names(): readonly string[] {
    return [...this.#names]
  }

  /** Takes whole messages on their way to PostgreSQL. */
  see(messages: Buffer): void {
    for (const { type, body } of framesOf(messages)) {
      if (type !== 'Q' && type !== 'P' && !(type === 'B' && this.#isQuiet)) continue
      const text = body.toString('latin1')
      if (type !== 'B' && !assigning.test(text)) continue
      this.#isQuiet ||= quiet.test(text)
      for (const [name] of text.matchAll(dotted)) this.#add(name.toLowerCase())
    }
  }

  #add(name: string): void {
    this.#names.delete(name)
    this.#names.add(name)
    const [oldest] = this.#names
    if (this.#names.size > maxNames && oldest !== undefined) this.#names.delete(oldest)
  }
}
