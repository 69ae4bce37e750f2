import type { Writable } from 'node:stream'

/**
 * A stream that is written to no faster than it is read: nothing waits in this process but the write that is under way. A reader that
 * leaves (EPIPE) is an end and no error. `onGone` is called once, when nobody reads any more.
 */
export class Output {
  readonly #stream: Writable
  readonly #onGone: () => void
  #isGone = false
  #isWriting = false
  #failure: Error | undefined
  #wake: (() => void) | undefined

  constructor(stream: Writable, onGone: () => void) {
    this.#stream = stream
    this.#onGone = onGone
    stream.on('error', error => this.#gone(error))
    stream.on('close', () => this.#gone())
  }

  /** Whether nobody reads any more. */
  get isGone(): boolean {
    return this.#isGone
  }

  /** Whether the stream holds what nobody has taken over: it would keep the process from ending. */
  get isStuck(): boolean {
    return this.#isWriting
  }

  /**
   * Resolves with true once the pipe or file has taken all of it over; with false if nobody is there to take it. Rejects when the stream
   * fails otherwise (a full disk). One write at a time.
   */
  async write(text: string): Promise<boolean> {
    let isTaken = false
    if (!this.#isGone)
      await new Promise<void>(resolve => {
        this.#wake = resolve
        this.#isWriting = true
        this.#stream.write(text, error => {
          this.#isWriting = false
          if (error) return this.#gone(error)
          isTaken = true
          resolve()
        })
      })
    if (this.#failure) throw this.#failure
    return isTaken
  }

  /** Whoever waits for the reader is told that it takes nothing any more. */
  letGo(): void {
    this.#isGone = true
    this.#wake?.()
  }

  #gone(error?: NodeJS.ErrnoException): void {
    if (this.#isGone) return
    if (error && error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') this.#failure = error
    this.letGo()
    this.#onGone()
  }
}
