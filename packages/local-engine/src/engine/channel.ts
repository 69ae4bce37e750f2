import type { Frame } from '../wire/frames.js'

/** A client's connection once it has started, without the socket: what a conversation is tested on. */
export interface Channel {
  /** The next message; undefined when no more will come. Rejects never. */
  next(): Promise<Frame | undefined>
  /** Sends, and resolves when the client takes more: a slow client is not answered faster than it reads. */
  send(...parts: readonly Uint8Array[]): Promise<void>
  /** Sends without waiting. False if nothing more should be sent until `onDrain`. */
  write(bytes: Buffer): boolean
  /** The client is gone, or has said that it will send no more. */
  readonly isGone: boolean
  onDrain: () => void
  /** Called once when it is gone. */
  onHangup: () => void
  /** Sends what was written, then FIN. */
  end(): void
}
