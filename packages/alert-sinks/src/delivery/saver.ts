import type { Clock } from '@mzalert/tail-client'
import { SinksError, stateFailed } from '../errors.js'
import type { StateStore } from '../types.js'
import { within } from './clock.js'

/** How long what sinks have taken may go unsaved: after a crash it is sent once more. */
const laterMs = 1000

/** What a saver has around it. */
export interface SaverSurroundings {
  readonly store: StateStore
  readonly name: string
  readonly encode: () => string
  readonly clock: Clock
  readonly timeoutMs: number
  readonly onError: (error: SinksError) => void
}

/** Saves the state, one save at a time; each has everything up to its beginning. A store that fails is reported, and holds up nothing for long. */
export class Saver {
  readonly #surroundings: SaverSurroundings
  #running: Promise<void> = Promise.resolve()
  #queued: Promise<void> | undefined
  #isStuck = false
  #timer: { readonly clear: () => void } | undefined

  constructor(surroundings: SaverSurroundings) {
    this.#surroundings = surroundings
  }

  /** Resolves when the state as it is now is safe, or when it is known that it cannot be saved in time. Never rejects. */
  save(): Promise<void> {
    this.#timer?.clear()
    this.#timer = undefined
    const { clock, timeoutMs, onError } = this.#surroundings
    this.#queued ??= this.#running.then(() => {
      this.#queued = undefined
      this.#isStuck = false
      this.#running = this.#write()
      return this.#running
    })
    if (this.#isStuck) return Promise.resolve()
    return within(clock, timeoutMs, this.#queued, () => {
      if (!this.#isStuck)
        onError(stateFailed('Saving the state', new Error(`It took more than ${timeoutMs} ms.`)))
      this.#isStuck = true
    })
  }

  /** Saves soon, together with what else comes until then. */
  later(): void {
    this.#timer ??= this.#surroundings.clock.setTimer(() => void this.save(), laterMs)
  }

  async #write(): Promise<void> {
    const { store, name, encode, onError } = this.#surroundings
    try {
      await store.save(name, encode())
    } catch (error) {
      onError(SinksError.is(error) ? error : stateFailed('Saving the state', error))
    }
  }
}
