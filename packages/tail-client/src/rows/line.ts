import { TailError } from '../errors.js'

/** Where the lines of a stream go once their leading columns are understood. */
export interface LineSink {
  /** `raw`: the row's own columns, as COPY text. */
  readonly update: (timestamp: bigint, diff: number, raw: string) => void
  readonly progress: (timestamp: bigint) => void
}

/**
 * Reads the leading columns of a line of TAIL or SUBSCRIBE WITH (PROGRESS): `mz_timestamp`, `mz_progressed`, `mz_diff`
 * (https://materialize.com/docs/sql/subscribe/#output). Progress is told by `mz_progressed`, never by NULLs.
 */
export class LineParser {
  readonly #sink: LineSink
  /** Lines of one timestamp follow each other: its digits are compared as text and converted once. */
  #timestampPrefix = ''
  #timestamp = 0n

  constructor(sink: LineSink) {
    this.#sink = sink
  }

  parse(line: string): void {
    if (this.#timestampPrefix === '' || !line.startsWith(this.#timestampPrefix)) this.#readTimestamp(line)
    const at = this.#timestampPrefix.length
    const progressed = line[at]
    if (line[at + 1] !== '\t') throw malformed(line)
    if (progressed === 't') return this.#sink.progress(this.#timestamp)
    if (progressed !== 'f') throw malformed(line)
    const tab = line.indexOf('\t', at + 2)
    // A relation without columns: the line ends with the diff.
    const stop = tab < 0 ? line.length : tab
    const diff = Number(line.slice(at + 2, stop))
    if (!Number.isSafeInteger(diff) || diff === 0 || stop === at + 2) throw malformed(line)
    this.#sink.update(this.#timestamp, diff, tab < 0 ? '' : line.slice(tab + 1))
  }

  #readTimestamp(line: string): void {
    const tab = line.indexOf('\t')
    const digits = line.slice(0, Math.max(tab, 0))
    if (!/^\d{1,20}$/.test(digits)) throw malformed(line)
    this.#timestamp = BigInt(digits)
    this.#timestampPrefix = `${digits}\t`
  }
}

function malformed(line: string): TailError {
  const shown = line.length > 80 ? `${line.slice(0, 80)}…` : line
  return new TailError(
    'PROTOCOL',
    `A line does not begin with mz_timestamp, mz_progressed and mz_diff: ${JSON.stringify(shown)}. Is the server a Materialize?`,
  )
}
