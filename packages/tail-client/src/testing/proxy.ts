import { connect, createServer, type Server, type Socket } from 'node:net'

/** Where a `FaultProxy` forwards to. */
export interface ProxyTarget {
  readonly host?: string
  readonly port: number
}

/**
 * A TCP proxy between any client and any server that makes the faults of networks on demand: it cuts, refuses, stalls, splits,
 * and breaks off in the middle of a row. Without a fault it forwards, with backpressure.
 */
export class FaultProxy {
  readonly #server: Server
  readonly #target: ProxyTarget
  readonly #clients = new Set<Socket>()
  readonly #waiting = new Set<() => void>()
  #mode: 'forward' | 'refuse' | 'stall' = 'forward'
  #bytesLeft = Number.POSITIVE_INFINITY
  /** At most so many bytes reach the client in one piece. */
  splitBytes: number = Number.POSITIVE_INFINITY

  private constructor(target: ProxyTarget) {
    this.#target = target
    this.#server = createServer(client => this.#serve(client))
  }

  /** Listens on any free port of 127.0.0.1. */
  static async start(target: ProxyTarget): Promise<FaultProxy> {
    const proxy = new FaultProxy(target)
    await new Promise<void>(resolve => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  /** For clients: the user and database `materialize` at the proxy. */
  get url(): string {
    const address = this.#server.address()
    return `postgres://materialize@127.0.0.1:${typeof address === 'object' ? address?.port : ''}/materialize`
  }

  /** How many clients are connected. */
  get connections(): number {
    return this.#clients.size
  }

  /** Every connection is reset now; new ones are welcome. */
  cut(): void {
    for (const client of this.#clients) client.resetAndDestroy()
  }

  /** Every connection is reset, and new ones too, until `restore`. */
  refuse(): void {
    this.#mode = 'refuse'
    this.cut()
  }

  /** Nothing is forwarded and nothing closed until `restore`: a peer that fell silent. */
  stall(): void {
    this.#mode = 'stall'
  }

  /** Every connection is reset once so many more bytes have reached clients, wherever in a message that is. */
  cutAfterBytes(bytes: number): void {
    this.#bytesLeft = bytes
  }

  /** Ends every fault; what was stalled goes on. */
  restore(): void {
    this.#mode = 'forward'
    this.#bytesLeft = Number.POSITIVE_INFINITY
    this.splitBytes = Number.POSITIVE_INFINITY
    this.#goOn()
  }

  async close(): Promise<void> {
    this.refuse()
    this.#goOn()
    await new Promise(resolve => this.#server.close(resolve))
  }

  /** Does what was put off while nothing was forwarded. */
  #goOn(): void {
    for (const act of this.#waiting) act()
    this.#waiting.clear()
  }

  #serve(client: Socket): void {
    if (this.#mode === 'refuse') {
      client.resetAndDestroy()
      return
    }
    this.#clients.add(client)
    const upstream = connect(this.#target.port, this.#target.host ?? '127.0.0.1')
    this.#forward(client, upstream, chunk => [chunk])
    this.#forward(upstream, client, chunk => this.#pieces(chunk))
    client.on('close', () => this.#clients.delete(client))
  }

  #forward(from: Socket, to: Socket, pieces: (chunk: Buffer) => readonly Buffer[]): void {
    from.on('error', () => {})
    from.on('close', () => {
      if (this.#mode === 'stall') this.#waiting.add(() => to.destroy())
      else to.destroy()
    })
    from.on('data', chunk => {
      if (this.#mode === 'stall') {
        from.pause()
        from.unshift(chunk)
        this.#waiting.add(() => from.resume())
        return
      }
      for (const piece of pieces(chunk)) to.write(piece)
      if (!to.writableNeedDrain) return
      from.pause()
      to.once('drain', () => from.resume())
    })
  }

  #pieces(chunk: Buffer): readonly Buffer[] {
    const allowed = chunk.subarray(0, Math.min(chunk.length, this.#bytesLeft))
    this.#bytesLeft -= allowed.length
    if (this.#bytesLeft <= 0) {
      this.#bytesLeft = Number.POSITIVE_INFINITY
      // What may still pass is flushed first, so that the cut is where it was asked for.
      setImmediate(() => this.cut())
    }
    const size = Math.min(this.splitBytes, Math.max(1, allowed.length))
    return Array.from({ length: Math.ceil(allowed.length / size) }, (_, at) =>
      allowed.subarray(at * size, (at + 1) * size),
    )
  }
}
