/**
 * One change to a collection: at `timestamp`, the multiplicity of `row` changes by `diff`.
 * `diff` is a safe integer, never 0; `timestamp` is the server's, in practice milliseconds since 1970.
 */
export interface Update<Row> {
  readonly row: Row
  readonly timestamp: bigint
  readonly diff: number
  /**
   * The row's columns exactly as the server wrote them (COPY text, tab separated).
   * Two rows of one relation are equal if and only if their `raw` is.
   */
  readonly raw: string
}

/** A row as decoded by default: values by column name. */
export type UnknownRow = Record<string, unknown>
