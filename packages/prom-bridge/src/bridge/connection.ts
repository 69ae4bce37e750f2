import {
  type Batch,
  type Column,
  type Tail,
  TailError,
  type TailEvents,
  type TailStatus,
  tail,
  type UnknownRow,
} from '@mzalert/tail-client'
import { BridgeError, invalidOption } from '../errors.js'
import type { BatchSource, BridgeOptions, ViewOptions } from '../types.js'

/** A source that may be opened again, with other columns. */
export interface OpenedSource extends BatchSource {
  /** Names, types and order of the columns as one text, known with the first batch: of others, the same text of a row says something else. */
  readonly shape?: string | undefined
}

/** How a view gets at its batches. */
export interface Opening {
  /** Gives its source; nothing connects yet. `onRetry` hears of every attempt to connect again. */
  readonly open: (onRetry: TailEvents['retry']) => OpenedSource
  /** Whether another one can be opened after it has failed of this. */
  readonly canOpenAgain: (error: unknown) => boolean
}

/**
 * Where the batches of a view come from: its own source, or a tail that reconnects by itself.
 * Throws `INVALID_OPTION` if there is neither, or if `tail()` refuses its options.
 */
export function openingOf(options: ViewOptions, bridge: BridgeOptions): Opening {
  const { view, query, source, connection = bridge.connection } = options
  if (source !== undefined) return { open: () => source, canOpenAgain: () => false }
  if (connection === undefined)
    throw invalidOption(
      'connection',
      connection,
      `a postgres:// URL, or give view ${JSON.stringify(view)} a source`,
    )
  const stream = (): Tail => tail(query ?? view, { ...bridge.tail, connection })
  try {
    // What is wrong with the options is said before anything connects.
    stream()
  } catch (error) {
    if (!TailError.is(error)) throw error
    const sentence = error.message.replace(/^\[\w+\] /, '')
    throw new BridgeError('INVALID_OPTION', `View ${JSON.stringify(view)}: ${sentence}`, error)
  }
  const { schema, columnNames } = bridge.tail ?? {}
  const namesAreServers = schema === undefined && columnNames !== 'camelCase'
  return {
    open: onRetry => new TailSource(stream(), onRetry, namesAreServers),
    canOpenAgain: isForOthersToMend,
  }
}

/** What tail could have tried again it gave up because it was told to; anything else somebody may mend, in the database. */
function isForOthersToMend(error: unknown): boolean {
  return !(TailError.is(error) && (error.retryable || error.code === 'RETRIES_EXHAUSTED'))
}

/** A tail as a source, which knows its columns from the moment it is connected. */
class TailSource implements OpenedSource {
  readonly #tail: Tail
  readonly #namesAreServers: boolean
  #columns: readonly Column[] | undefined

  /** `namesAreServers`: whether rows have the columns that the server has, and by the same names. */
  constructor(stream: Tail, onRetry: TailEvents['retry'], namesAreServers: boolean) {
    this.#tail = stream
    this.#namesAreServers = namesAreServers
    stream.events.on('retry', onRetry)
    stream.events.on('connected', ({ columns }) => {
      this.#columns = columns
    })
  }

  get columns(): readonly string[] | undefined {
    return this.#namesAreServers ? this.#columns?.map(({ name }) => name) : undefined
  }

  get shape(): string | undefined {
    return this.#columns && JSON.stringify(this.#columns.map(({ name, oid }) => [name, oid]))
  }

  get status(): TailStatus {
    return this.#tail.status
  }

  batches(): AsyncIterable<Batch<UnknownRow>> {
    return this.#tail.batches()
  }

  close(): Promise<void> {
    return this.#tail.close()
  }
}
