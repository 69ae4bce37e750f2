import { systemClock } from '../clock.js'
import type { Clock } from '../types/clock.js'
import { messages } from './messages.js'
import { type Recording, recordedBytes } from './recording.js'
import { type ScriptedClient, ScriptedServer } from './server.js'

/** How a recording is played. */
export interface PlayerOptions {
  /** How many times faster than it was recorded; 1 keeps the times. Default: as fast as the client takes it. */
  readonly speed?: number
  /** What times are taken from. Default: the machine's. */
  readonly clock?: Clock
}

/**
 * A server that answers the first COPY with the first recording, byte for byte, the second with the second, and so on; a COPY beyond them
 * is refused with 55000. Names, types and version are those of the recording. Where a recording ends without a message that ends
 * it, the connection stays open and silent.
 */
export class Player {
  readonly #server: ScriptedServer

  private constructor(server: ScriptedServer) {
    this.#server = server
  }

  static async start(recordings: readonly Recording[], options: PlayerOptions = {}): Promise<Player> {
    const { speed = Number.POSITIVE_INFINITY, clock = systemClock } = options
    let next = 0
    const [first] = recordings
    const server = await ScriptedServer.start({
      version: versionOf(first),
      columns: () => columnsOf(recordings[next]),
      copy: client => {
        const recording = recordings[next++]
        if (recording) play(client, recording, speed, clock)
        else client.send(messages.error('55000', 'there is no further recording'), messages.readyForQuery())
      },
    })
    return new Player(server)
  }

  get url(): string {
    return this.#server.url
  }

  /** What clients have asked for. */
  get statements(): readonly string[] {
    return this.#server.statements
  }

  close(): Promise<void> {
    return this.#server.close()
  }
}

function play(client: ScriptedClient, { messages: all }: Recording, speed: number, clock: Clock): void {
  const startedMs = clock.nowMs()
  let timer: { readonly clear: () => void } | undefined
  let at = 0
  const go = (): void => {
    const due: Buffer[] = []
    for (let message = all[at]; message; message = all[++at]) {
      const waitMs = message.t / speed - (clock.nowMs() - startedMs)
      if (waitMs > 0) {
        timer = clock.setTimer(go, waitMs)
        break
      }
      due.push(recordedBytes(message))
    }
    client.send(...due)
    if (at === all.length && all.at(-1)?.type === 'EOF') client.end()
  }
  go()
  void client.closed.then(() => timer?.clear())
}

/** What the server reports at login; one that speaks TAIL reports nothing, and is asked. */
function versionOf(recording: Recording | undefined): string | undefined {
  const { query = '', server = '' } = recording ?? {}
  if (/^\s*copy\s*\(\s*tail\b/i.test(query)) return undefined
  return server.startsWith('v') ? server : 'v0.147.0'
}

/** As described; where that was not recorded, text, as many as the stream announces. */
function columnsOf(recording: Recording | undefined): readonly { name: string; oid: number }[] {
  const copyOut = recording?.messages.find(({ type }) => type === 'H')
  const count = copyOut ? Buffer.from(copyOut.hex, 'hex').readUInt16BE(1) - 3 : undefined
  const described = recording?.describe?.columns ?? []
  if (count === undefined || described.length === count)
    return described.map(({ name, oid }) => ({ name, oid }))
  return Array.from({ length: count }, (_, index) => ({ name: `column${index + 1}`, oid: 25 }))
}
