import { lineFeed, viewOf } from '../copy/lines.js'
import { excerpt, TailError } from '../errors.js'
import { leadingColumns, type Shape } from '../sql/statement.js'
import type { Envelope } from '../types/options.js'
import type { LineSink } from './line.js'

/** How many columns the lines of a relation have in an envelope. */
export function envelopeColumnCount({ kind, key }: Shape, columns: readonly string[]): number {
  return leadingColumns + (kind === 'upsert' ? columns.length : 2 * columns.length - key.length)
}

/**
 * Reads the lines of SUBSCRIBE … ENVELOPE UPSERT or DEBEZIUM as the updates that a stream without an envelope has: the row that goes,
 * and the row that comes (https://materialize.com/docs/sql/subscribe/#envelope-upsert). UPSERT does not say what goes: the row of each key
 * is held, so that it must have begun with the contents.
 */
export class EnvelopeParser {
  readonly #sink: LineSink
  readonly #kind: Envelope
  readonly #key: readonly string[]
  readonly #valueCount: number
  /** Where each column of the relation is: in the key, or among the other values. */
  readonly #places: readonly { readonly isKey: boolean; readonly at: number }[]
  readonly #maxRows: number
  readonly #held = new Map<string, string>()

  constructor(sink: LineSink, { kind, key }: Shape, columns: readonly string[], maxRows: number) {
    this.#sink = sink
    this.#kind = kind
    this.#key = key
    this.#maxRows = maxRows
    const values = columns.filter(name => !key.includes(name))
    this.#valueCount = values.length
    this.#places = columns.map(name => {
      const at = key.indexOf(name)
      return at >= 0 ? { isKey: true, at } : { isKey: false, at: values.indexOf(name) }
    })
  }

  /** As `LineParser.parse`; and throws `KEY_VIOLATION` where the server says that a key has several rows. */
  parse(bytes: Buffer, _view: DataView, from: number, to: number): boolean {
    const feed = bytes.indexOf(lineFeed, from)
    if (feed >= 0 && feed < to) return false
    // Every byte a char: what lies between tabs is put together anew, and not understood.
    const line = bytes.toString('latin1', from, to)
    const [time = '', progressed, state, ...fields] = line.split('\t')
    const expected = this.#key.length + this.#valueCount * (this.#kind === 'upsert' ? 1 : 2)
    if (!/^\d{1,20}$/.test(time) || fields.length !== expected) throw malformed(line)
    const timestamp = BigInt(time)
    if (progressed === 't') this.#sink.progress(timestamp)
    else if (state === 'key_violation') throw this.#violation(timestamp, fields)
    else if (this.#kind === 'upsert') this.#upsert(timestamp, state, fields, line)
    else this.#debezium(timestamp, state, fields, line)
    return true
  }

  #upsert(timestamp: bigint, state: string | undefined, fields: readonly string[], line: string): void {
    const key = fields.slice(0, this.#key.length).join('\t')
    const before = this.#held.get(key)
    if (state === 'upsert') {
      const after = this.#row(fields, fields.slice(this.#key.length))
      if (before !== undefined) this.#update(timestamp, -1, before)
      this.#update(timestamp, 1, after)
      this.#held.set(key, after)
      if (this.#held.size > this.#maxRows)
        throw new TailError(
          'TOO_MANY_ROWS',
          `The view has more than ${this.#maxRows} rows. Raise maxHeldRows, or tail a smaller view.`,
        )
    } else if (state === 'delete' && before !== undefined) {
      this.#update(timestamp, -1, before)
      this.#held.delete(key)
    } else throw malformed(line)
  }

  #debezium(timestamp: bigint, state: string | undefined, fields: readonly string[], line: string): void {
    if (state !== 'insert' && state !== 'upsert' && state !== 'delete') throw malformed(line)
    const middle = this.#key.length + this.#valueCount
    if (state !== 'insert')
      this.#update(timestamp, -1, this.#row(fields, fields.slice(this.#key.length, middle)))
    if (state !== 'delete') this.#update(timestamp, 1, this.#row(fields, fields.slice(middle)))
  }

  /** The row as a stream without an envelope has it. */
  #row(key: readonly string[], values: readonly string[]): string {
    return this.#places.map(({ isKey, at }) => (isKey ? key : values)[at]).join('\t')
  }

  #update(timestamp: bigint, diff: number, row: string): void {
    const bytes = Buffer.from(row, 'latin1')
    this.#sink.update(timestamp, diff, bytes, viewOf(bytes), 0, bytes.length)
  }

  #violation(timestamp: bigint, fields: readonly string[]): TailError {
    const key = this.#key.map(
      (name, at) => `${name} ${Buffer.from(fields[at] ?? '', 'latin1').toString('utf8')}`,
    )
    return new TailError(
      'KEY_VIOLATION',
      `The server says that key ${key.join(', ')} has more than one row at timestamp ${timestamp}. Choose a key that is unique.`,
    )
  }
}

function malformed(line: string): TailError {
  return new TailError('PROTOCOL', `A line does not fit its envelope: ${JSON.stringify(excerpt(line))}.`)
}
