import { reasonOf } from '../errors.js'
import type { Backend, Batch, BatchResult } from '../evaluate/backend.js'
import { Database } from '../evaluate/database.js'
import { PostgresSocket } from '../evaluate/socket.js'
import { Turns } from '../stream/turns.js'
import { type Failure, failure } from '../wire/failure.js'
import type { Setting } from '../wire/settings.js'

/** The session of PostgreSQL that a client's statements run in, and whose turn it is there. */
export interface Seat {
  /** Every client has the same one: what PostgreSQL keeps for a session would be everybody's. */
  readonly shared: boolean
  readonly turns: Turns
  run(batch: Batch): Promise<BatchResult>
  /** Cancels what runs, where that is possible. */
  cancel(): void
  /** Gives it up, with all that is open in it. */
  close(): void
}

/** Gives clients their seats. */
export interface Seats {
  /** A seat, or why there is none. `onLost` is called if its session ends by itself. */
  take(onLost: () => void): Promise<Seat | Failure>
  /** Ends all sessions at once. */
  close(): void
}

/** One session for everyone, in which views are evaluated too: PGlite has no other. */
export function sharedSeats(backend: Backend, turns: Turns): Seats {
  let taken = 0
  const take = async (): Promise<Seat> => {
    const client = ++taken
    return {
      shared: true,
      turns,
      run: batch => backend.run(client, batch),
      // A statement that PGlite runs cannot be stopped.
      cancel: () => {},
      close: () => {},
    }
  }
  return { take, close: () => {} }
}

const onlyClient = 1

/** A session of its own for each, on a server. */
export function ownSeats(url: string, settings: readonly Setting[]): Seats {
  const open = new Set<PostgresSocket>()
  const closing = new AbortController()
  const take = async (onLost: () => void): Promise<Seat | Failure> => {
    let socket: PostgresSocket
    try {
      socket = await PostgresSocket.open(url, settings, closing.signal)
    } catch (thrown) {
      const why = `the database behind the local engine cannot be reached: ${reasonOf(thrown)}`
      return failure('57P03', why, { severity: 'FATAL' })
    }
    if (closing.signal.aborted) socket.close()
    else open.add(socket)
    const database = new Database(socket)
    socket.onLost = () => {
      open.delete(socket)
      onLost()
    }
    return {
      shared: false,
      turns: new Turns(),
      run: batch => database.run(onlyClient, batch),
      cancel: () => socket.cancel(),
      close: () => {
        open.delete(socket)
        socket.close()
      },
    }
  }
  const close = (): void => {
    closing.abort()
    for (const socket of open) socket.close()
    open.clear()
  }
  return { take, close }
}
