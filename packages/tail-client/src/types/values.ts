/** A range: a bound that is missing is null; `bounds` says which of them belong to it, or that nothing does. */
export interface Range<T = unknown> {
  readonly lower: T | null
  readonly upper: T | null
  readonly bounds: '[]' | '[)' | '(]' | '()' | 'empty'
}

/** An interval: months and days have no fixed length, so that they stay apart. */
export interface Interval {
  readonly months: number
  readonly days: number
  readonly microseconds: bigint
}

/** How values of types that JavaScript has no match for are given. */
export interface ValueOptions {
  /** `int8` and unsigned 8-byte integers; `number` refuses values that are not safe integers. Default: `bigint`. */
  readonly int8?: 'bigint' | 'number' | 'string'
  /**
   * `numeric`, also in ranges and arrays; a string keeps all 39 digits, a number about 16 of them, and a function makes of the text what it
   * likes. Default: `string`.
   */
  readonly numeric?: 'string' | 'number' | ((text: string) => unknown)
  /**
   * `date`, `timestamp` and `timestamptz`, also in ranges and arrays; a `Date` has milliseconds only. A `time` of day is always text.
   * Default: `string`.
   */
  readonly time?: 'string' | 'date' | ((text: string) => unknown)
  /** `interval`; `parts` is an `Interval`. Default: `string`. */
  readonly interval?: 'string' | 'parts' | ((text: string) => unknown)
  /**
   * `jsonb`; `parse` is `JSON.parse`, which rounds numbers of more than about 16 digits, where `string` keeps what the server wrote.
   * Default: `parse`.
   */
  readonly jsonb?: 'parse' | 'string' | ((text: string) => unknown)
  /**
   * By column: makes the value of the text that the server wrote, instead of what the type says. NULL stays null. What it throws becomes
   * `DECODE`; a column that the relation does not have is `SCHEMA_MISMATCH` before any row.
   */
  readonly parse?: Readonly<Record<string, (text: string) => unknown>>
}
