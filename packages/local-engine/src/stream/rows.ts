import type { LineChange } from '../evaluate/multiset.js'
import { ByteWriter } from '../wire/bytes.js'
import type { Form } from '../wire/statement.js'
import { type WriteLine, writeLine } from './forms.js'

/** What constant views are stamped with: the last timestamp there is. */
export const endOfTime = 18446744073709551615n

/** Bytes after which a chunk of rows is handed on. */
const chunkBytes = 64 * 1024

/** What the rows of one stream look like. */
export interface RowShape {
  readonly form: Form
  readonly progress: boolean
  /** Columns of the relation. */
  readonly columns: number
}

/** Counts what it writes: `COPY n` counts progress rows too. */
export class RowWriter {
  readonly #shape: RowShape
  readonly #write: WriteLine
  #count = 0

  constructor(shape: RowShape) {
    this.#shape = shape
    this.#write = writeLine[shape.form]
  }

  get count(): number {
    return this.#count
  }

  /** Changes at one timestamp, one row a message, in chunks. */
  *changes(timestamp: bigint, changes: Iterable<LineChange>): Generator<Buffer> {
    const head = this.#shape.progress ? `${timestamp}\tf\t` : `${timestamp}\t`
    const tab = this.#shape.columns > 0 ? '\t' : ''
    const writer = new ByteWriter(4096)
    for (const [line, diff] of changes) {
      this.#row(writer, `${head}${diff}${tab}`, line)
      if (writer.length >= chunkBytes) yield writer.take()
    }
    if (writer.length > 0) yield writer.take()
  }

  /** That no row with a smaller timestamp will follow. Nothing if the stream has no progress rows. */
  *progress(frontier: bigint): Generator<Buffer> {
    if (!this.#shape.progress) return
    const writer = new ByteWriter(128)
    this.#row(writer, `${frontier}\tt\t\\N`, '\t\\N'.repeat(this.#shape.columns))
    yield writer.take()
  }

  #row(writer: ByteWriter, head: string, rest: string): void {
    this.#count++
    this.#write(writer, head + rest)
  }
}
