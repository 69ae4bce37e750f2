import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { uncompress } from 'snappyjs'

export interface ReceivedSeries {
  readonly labels: readonly (readonly [string, string])[]
  readonly samples: readonly { readonly bits: bigint; readonly value: number; readonly timestampMs: number }[]
}

const staleBits = 0x7ff0000000000002n

/**
 * A receiver of remote write 1.0 that knows what of a request is wrong, written from the specification and from nothing of ours, and keeps
 * what is so after all requests.
 */
export class Receiver {
  readonly #server: Server
  /** Live series by their labels as JSON. */
  readonly live: Map<string, number> = new Map()
  readonly headers: NodeJS.Dict<string | string[]>[] = []
  readonly #lastMs = new Map<string, number>()
  /** How the next requests are answered, instead of being taken; `lost`: taken, but the answer does not arrive. */
  readonly answers: (number | 'lost' | 'dropped' | ((response: ServerResponse) => void))[] = []
  requests = 0
  markers = 0

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      this.requests++
      this.headers.push(request.headers)
      const answer = this.answers.shift()
      if (typeof answer === 'number') return reply(response, answer, `refused with ${answer}`)
      if (typeof answer === 'function') return answer(response)
      if (answer === 'dropped') return request.socket.destroy()
      try {
        for (const series of readWriteRequest(new Uint8Array(uncompress(Buffer.concat(chunks)))))
          this.#take(series)
      } catch (error) {
        return reply(response, 400, String(error))
      }
      if (answer === 'lost') return request.socket.destroy()
      reply(response, 204, '')
    })
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver()
    await new Promise<void>(resolve => receiver.#server.listen(0, '127.0.0.1', resolve))
    return receiver
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get url(): string {
    return `http://${this.host}/api/v1/write`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #take({ labels, samples }: ReceivedSeries): void {
    const key = JSON.stringify(Object.fromEntries(labels))
    for (const { bits, value, timestampMs } of samples) {
      if (timestampMs <= (this.#lastMs.get(key) ?? 0)) throw new Error(`out of order: ${key}`)
      this.#lastMs.set(key, timestampMs)
      if (bits === staleBits) this.markers++
      if (bits === staleBits) this.live.delete(key)
      else this.live.set(key, value)
    }
  }
}

/** Throws for labels that are unsorted, empty or double, for series without a name or a sample, and for fields that nobody knows. */
function readWriteRequest(bytes: Uint8Array): readonly ReceivedSeries[] {
  return fieldsOf(bytes).map(([field, series]) => {
    if (field !== 1) throw new Error(`field ${field} of a request`)
    const labels: [string, string][] = []
    const samples: ReceivedSeries['samples'][number][] = []
    for (const [part, value] of fieldsOf(asBytes(series)))
      if (part === 1) {
        const [name, text] = fieldsOf(asBytes(value)).map(([, field]) =>
          Buffer.from(asBytes(field)).toString(),
        )
        if (!name || !text) throw new Error('a label without name or value')
        if (name <= (labels.at(-1)?.[0] ?? '')) throw new Error(`labels out of order at ${name}`)
        labels.push([name, text])
      } else samples.push(readSample(asBytes(value)))
    if (!labels.some(([name]) => name === '__name__')) throw new Error('a series without a name')
    if (samples.length === 0) throw new Error('a series without a sample')
    return { labels, samples }
  })
}

function readSample(bytes: Uint8Array): ReceivedSeries['samples'][number] {
  const fields = new Map(fieldsOf(bytes))
  const double = Buffer.from(asBytes(fields.get(1)))
  return { bits: double.readBigUInt64LE(), value: double.readDoubleLE(), timestampMs: Number(fields.get(2)) }
}

/** The fields of a message: its bytes where it has a length or is a double, or its number. */
function fieldsOf(bytes: Uint8Array): readonly (readonly [number, Uint8Array | number])[] {
  const fields: [number, Uint8Array | number][] = []
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error('a number that does not end')
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    const [field, kind] = [tag >> 3, tag & 7]
    if (kind === 0) fields.push([field, varint()])
    else if (kind === 1 || kind === 2) {
      const length = kind === 1 ? 8 : varint()
      if (at + length > bytes.length) throw new Error('a field that does not end')
      fields.push([field, bytes.subarray(at, at + length)])
      at += length
    } else throw new Error(`kind ${kind}`)
  }
  return fields
}

function asBytes(value: Uint8Array | number | undefined): Uint8Array {
  if (typeof value === 'object') return value
  throw new Error('bytes were expected')
}

function reply(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'retry-after': '0' }).end(body)
}
