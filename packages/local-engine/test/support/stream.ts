import type { Frame } from '../../src/wire/frames.js'
import { query } from '../../src/wire/frontend.js'
import { RawClient } from './raw-client.js'
import { until } from './wait.js'

/** One row of a stream, apart from its relation's columns, which stay as they are on the wire. */
export interface StreamRow {
  readonly timestamp: bigint
  readonly progressed: boolean
  readonly diff: number
  readonly line: string
}

export function readRow(body: Buffer, progress: boolean): StreamRow {
  const fields = body.toString('utf8', 0, body.length - 1).split('\t')
  const [timestamp = '', second = ''] = fields
  const progressed = progress && second === 't'
  const [diff = '', ...columns] = fields.slice(progress ? 2 : 1)
  return {
    timestamp: BigInt(timestamp),
    progressed,
    diff: progressed ? 0 : Number(diff),
    line: columns.join('\t'),
  }
}

export function rowsOf(frames: readonly Frame[], progress: boolean): StreamRow[] {
  return frames.filter(frame => frame.type === 'd').map(frame => readRow(frame.body, progress))
}

/** The sum of a stream's changes: how often each line is there. */
export function contents(rows: readonly StreamRow[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { line, diff, progressed } of rows) {
    if (progressed) continue
    const sum = (sums.get(line) ?? 0) + diff
    if (sum === 0) sums.delete(line)
    else sums.set(line, sum)
  }
  return sums
}

/** A stream that is open, from the messages that its client has received since it was opened. */
export class OpenStream {
  readonly client: RawClient
  readonly #from: number
  readonly #progress: boolean

  /** On a connection of its own, once the engine has accepted the statement. */
  static async accepted(port: number, sql: string): Promise<OpenStream> {
    const stream = new OpenStream(await RawClient.connect(port), sql)
    await stream.has('H')
    return stream
  }

  constructor(client: RawClient, sql: string) {
    this.client = client
    this.#from = client.frames.length
    this.#progress = /progress/i.test(sql)
    client.write(query(sql))
  }

  get frames(): Frame[] {
    return this.client.frames.slice(this.#from)
  }

  get rows(): StreamRow[] {
    return rowsOf(this.frames, this.#progress)
  }

  get changes(): StreamRow[] {
    return this.rows.filter(row => !row.progressed)
  }

  /** Waits until the sum of the stream has these lines, each as often as it is given. */
  async shows(...lines: readonly string[]): Promise<void> {
    const wanted = JSON.stringify([...lines].sort())
    await until(
      () => {
        const expanded = [...contents(this.rows)].flatMap(([line, count]) =>
          Array<string>(Math.max(0, count)).fill(line),
        )
        return JSON.stringify(expanded.sort()) === wanted
      },
      `contents ${wanted}, has ${JSON.stringify([...contents(this.rows)])}`,
    )
  }

  /** Waits for a progress row beyond every row so far. */
  async settled(): Promise<void> {
    await until(() => {
      const { rows } = this
      const last = rows.at(-1)
      return last?.progressed === true && rows.every(row => row.timestamp <= last.timestamp)
    }, 'a progress row after the last change')
  }

  /** Waits for a message of this type. */
  async has(type: string): Promise<Frame> {
    return until(() => this.frames.find(frame => frame.type === type), `a message of type ${type}`)
  }
}
