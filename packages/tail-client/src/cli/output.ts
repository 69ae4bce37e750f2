import type { Writable } from 'node:stream'

/**
 * A stream that is written to no faster than it is read. A reader that leaves (EPIPE) is an end and no error.
 * `onGone` is called once, when nobody reads any more.
 */
export class Output {
  readonly #stream: Writable
  #isGone = false
  #failure: Error | undefined
  #wake: (() => void) | undefined

  constructor(stream: Writable, onGone: () => void) {
    this.#stream = stream
    const gone = (error?: NodeJS.ErrnoException): void => {
      if (this.#isGone) return
      this.#isGone = true
      if (error && error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') this.#failure = error
      this.#wake?.()
      onGone()
    }
    stream.on('error', gone)
    stream.on('close', () => gone())
    stream.on('drain', () => this.#wake?.())
  }

  /** Whether the reader has left. */
  get isGone(): boolean {
    return this.#isGone
  }

  /** Resolves once there is room for more, or nobody to write for. Rejects when the stream fails otherwise (a full disk). */
  async write(text: string): Promise<void> {
    if (!this.#isGone && !this.#stream.write(text))
      await new Promise<void>(resolve => {
        this.#wake = resolve
        if (this.#isGone) resolve()
      })
    this.#wake = undefined
    if (this.#failure) throw this.#failure
  }

  /** Resolves when everything has been taken over by the reader, or nobody is there to take it. */
  async flush(): Promise<void> {
    if (!this.#isGone) await new Promise<void>(resolve => this.#stream.write('', () => resolve()))
    if (this.#failure) throw this.#failure
  }
}
