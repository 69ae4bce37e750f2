import { framesOf } from './frames.js'

/** Messages that PostgreSQL answers with ReadyForQuery. */
const readied = 'QSF'
/** Messages of the extended protocol that it answers with one message that ends their answer. */
const stepped = 'PBDEC'
/** Messages that end the answer to one of those. */
const stepEnds = '123TnCIs'

/**
 * Says when the answer to messages is complete, on a connection that stays open: each Query and Sync is answered by
 * ReadyForQuery, and what follows the last of them, up to a Flush, by a message each, or by an error.
 * https://www.postgresql.org/docs/current/protocol-flow.html
 */
export class Expected {
  /** The messages hold the end of what a COPY is to load. */
  readonly loads: boolean
  #ready = 0
  #steps = 0

  /** `messages` are whole messages of a client; an extended query ends with Sync or Flush. */
  constructor(messages: Buffer) {
    let loads = false
    for (const { type } of framesOf(messages)) {
      if (type === 'c' || type === 'f') loads = true
      if (readied.includes(type)) {
        this.#ready++
        this.#steps = 0
      } else if (stepped.includes(type)) this.#steps++
    }
    this.loads = loads
  }

  get complete(): boolean {
    return this.#ready === 0 && this.#steps === 0
  }

  /** Takes the type of the next message of the answer. */
  take(type: string): void {
    if (type === 'Z') this.#ready--
    else if (this.#ready > 0) return
    // After an error everything up to the next Sync is skipped.
    else if (type === 'E') this.#steps = 0
    else if (stepEnds.includes(type)) this.#steps--
  }
}
