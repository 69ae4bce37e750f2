/** A session of PostgreSQL that is spoken to in whole messages of its protocol. */
export interface Protocol {
  /** Sends messages and gives the whole answer. Rejects if there is no answer to be had any more. */
  exchange(messages: Uint8Array): Promise<Buffer>
}
