import { errorResponse, statusIn } from '../wire/backend.js'
import { ByteWriter } from '../wire/bytes.js'
import { failure } from '../wire/failure.js'
import { query } from '../wire/frontend.js'
import type { Protocol } from './protocol.js'

/** What is needed of PGlite. Only the streaming call: mixed with the other raw one it loses answers. */
export interface RawProtocol {
  execProtocolRawStream(
    message: Uint8Array,
    options: { readonly syncToFs: boolean; readonly onRawData: (data: Uint8Array) => void },
  ): Promise<void>
}

/** PGlite's session. */
export class PgliteProtocol implements Protocol {
  readonly #raw: RawProtocol

  constructor(raw: RawProtocol) {
    this.#raw = raw
  }

  async exchange(messages: Uint8Array): Promise<Buffer> {
    const answer = await this.#exchange(messages)
    return isSilent(messages, answer) ? this.#recover(answer) : answer
  }

  /**
   * A statement that PostgreSQL's own limits do not stop may trap the machine that it runs on; PGlite then goes on as
   * if nothing were to say. That is an error to the client, and the end if nothing else works either.
   */
  async #recover(answer: Buffer): Promise<Buffer> {
    const probed = await this.#exchange(query('SHOW server_version'))
    if (isSilent(query(''), probed)) throw new Error('the database does not answer any more')
    const message =
      'the statement was too much for the engine: it is nested too deeply, or its data is too large'
    return Buffer.concat([errorResponse(failure('54001', message)), answer])
  }

  async #exchange(messages: Uint8Array): Promise<Buffer> {
    const answer = new ByteWriter(8192)
    await this.#raw.execProtocolRawStream(messages, {
      syncToFs: false,
      // The data is a view into the database's memory: it must be copied now.
      onRawData: data => {
        answer.bytes(data)
      },
    })
    return answer.take()
  }
}

/** Whether messages that have to be answered were not: there is at most a ReadyForQuery. */
function isSilent(messages: Uint8Array, answer: Buffer): boolean {
  const first = String.fromCharCode(messages[0] ?? 0)
  const onlyReady = answer.length === 6 && statusIn(answer) !== undefined
  return 'QPBDEC'.includes(first) && (answer.length === 0 || onlyReady)
}
