import {
  type Batch,
  type Tail,
  TailError,
  type TailEvents,
  type TailStatus,
  tail,
  type UnknownRow,
} from '@mzalert/tail-client'
import { BridgeError, invalidOption } from '../errors.js'
import type { BatchSource, BridgeEvent, BridgeOptions, ViewOptions } from '../types.js'

/**
 * Where the batches of a view come from: its own source, or a tail that reconnects by itself. Nothing connects yet.
 * Throws `INVALID_OPTION` if there is neither, or if `tail()` refuses its options.
 */
export function sourceOf(
  options: ViewOptions,
  { connection, tail: more }: BridgeOptions,
  report: (event: BridgeEvent) => void,
): BatchSource {
  const { view, query, source } = options
  if (source !== undefined) return source
  if (connection === undefined)
    throw invalidOption(
      'connection',
      connection,
      `a postgres:// URL, or give view ${JSON.stringify(view)} a source`,
    )
  try {
    return new TailSource(tail(query ?? view, { ...more, connection }), retry =>
      report({ type: 'retry', view, ...retry }),
    )
  } catch (error) {
    if (!TailError.is(error)) throw error
    const sentence = error.message.replace(/^\[\w+\] /, '')
    throw new BridgeError('INVALID_OPTION', `View ${JSON.stringify(view)}: ${sentence}`, error)
  }
}

/** A tail as a source, which knows its columns from the moment it is connected. */
class TailSource implements BatchSource {
  readonly #tail: Tail
  #columns: readonly string[] | undefined

  constructor(stream: Tail, onRetry: TailEvents['retry']) {
    this.#tail = stream
    stream.events.on('retry', onRetry)
    stream.events.on('connected', ({ columns }) => {
      this.#columns = columns.map(({ name }) => name)
    })
  }

  get columns(): readonly string[] | undefined {
    return this.#columns
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
