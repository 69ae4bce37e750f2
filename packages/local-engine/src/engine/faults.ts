import { invalidOption } from '../errors.js'
import type { Faults } from '../types.js'
import type { Server } from './server.js'
import type { Services } from './services.js'

/** The faults of one engine. Silence and slowness are one thing: how many bytes a second a client is sent. */
export class EngineFaults implements Faults {
  readonly #services: Services
  readonly #server: Server

  constructor(services: Services, server: Server) {
    this.#services = services
    this.#server = server
  }

  refuse(on: boolean): void {
    this.#server.isRefusing = on
  }

  async restart({ dropHistory = false }: { readonly dropHistory?: boolean } = {}): Promise<void> {
    const disconnected = this.#server.disconnect()
    // At once: somebody may be back before the last one is gone.
    if (dropHistory) this.#services.hub.beginAnew()
    await disconnected
  }

  dieInMidRow(): void {
    for (const connection of this.#server.connections) connection.cutNextRow()
  }

  silence(on: boolean): void {
    this.#server.setFlow(on ? 0 : Number.POSITIVE_INFINITY)
  }

  slow(bytesPerSecond: number | undefined): void {
    if (bytesPerSecond !== undefined && !(bytesPerSecond >= 1))
      throw invalidOption('bytesPerSecond', bytesPerSecond, 'at least 1, or undefined to end it')
    this.#server.setFlow(bytesPerSecond ?? Number.POSITIVE_INFINITY)
  }

  goBack(ms: number): void {
    if (!Number.isSafeInteger(ms) || ms < 1)
      throw invalidOption('ms', ms, 'a whole number of milliseconds, at least 1')
    this.#services.oracle.goBack(ms)
    this.#services.hub.forgetHistory()
    this.#services.hub.touch()
  }
}
