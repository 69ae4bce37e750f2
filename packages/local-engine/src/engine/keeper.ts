import type { Services } from './services.js'

/** How long between two rounds of upkeep. */
const roundMs = 2000

/** Has the backend prune, vacuum and write checkpoints, one small step a turn, between everyone else's. */
export class Keeper {
  readonly #services: Services
  #clear: (() => void) | undefined
  #isStopped = false

  constructor(services: Services) {
    this.#services = services
    this.#later()
  }

  stop(): void {
    this.#isStopped = true
    this.#clear?.()
  }

  #later(): void {
    if (!this.#isStopped) this.#clear = this.#services.timers.set(() => void this.#round(), roundMs)
  }

  async #round(): Promise<void> {
    const { turns, backend, oracle, hub, onEvent } = this.#services
    try {
      for (let more = true; more && !this.#isStopped; ) {
        if (!(await turns.take(this))) return
        const step = await backend.upkeep(oracle.now())
        turns.give(this)
        more = step.more
        for (const event of step.events) onEvent(event)
      }
      hub.touch()
    } catch {
      // A call rejects only if the backend is gone, and whoever owns it has been told.
      this.#isStopped = true
    } finally {
      turns.give(this)
      this.#later()
    }
  }
}
