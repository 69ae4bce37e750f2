import { invalidOption, TailError } from './errors.js'
import type { Batch, Update } from './types.js'

/** What is taken of a tail. */
interface Member<Row> {
  batches(): AsyncIterable<Batch<Row>>
  close(): Promise<void>
}

type Tails = Readonly<Record<string, Member<unknown>>>
type RowIn<T> = T extends Member<infer Row> ? Row : never

/** What happened in several views in `[lower, upper)`: of each of them everything, and nothing else. */
export interface JointBatch<T extends Tails> {
  /** 0 in the first, which states the contents. */
  readonly lower: bigint
  readonly upper: bigint
  /** By the name that the tail was given; ordered by timestamp. */
  readonly updates: { readonly [Name in keyof T]: readonly Update<RowIn<T[Name]>>[] }
}

/**
 * Several views at one consistent frontier: each batch takes all of them to the same `upper`, so that what is said of one fits what is
 * said of the others. The slowest sets the pace; of the others one batch is held. If one ends or fails, all are closed.
 * Throws `INVALID_OPTION` for no tails, and for tails with `onHistoryLost: 'refetch'` once they begin anew.
 */
export async function* tailAll<T extends Tails>(tails: T): AsyncGenerator<JointBatch<T>, undefined> {
  const members = Object.entries(tails).map(([name, stream]) => new Reader(name, stream))
  if (members.length === 0) throw invalidOption('tails', 'empty', 'at least one tail, by name')
  let lower = 0n
  try {
    for (;;) {
      // Whoever is behind is read; who is ahead waits, and its socket with it.
      const behind = members.filter(member => member.frontier <= lower)
      const went = await Promise.all(behind.map(member => member.advance()))
      if (went.includes(false)) return undefined
      const upper = least(members.map(({ frontier }) => frontier))
      if (upper <= lower) continue
      const updates = Object.fromEntries(members.map(member => [member.name, member.take(upper)]))
      yield { lower, upper, updates: updates as JointBatch<T>['updates'] }
      lower = upper
    }
  } finally {
    await Promise.all(members.map(member => member.close()))
  }
}

class Reader {
  readonly name: string
  readonly #stream: Member<unknown>
  readonly #batches: AsyncIterator<Batch<unknown>>
  #waiting: Update<unknown>[] = []
  frontier = 0n

  constructor(name: string, stream: Member<unknown>) {
    this.name = name
    this.#stream = stream
    this.#batches = stream.batches()[Symbol.asyncIterator]()
  }

  /** Whether there was another batch. */
  async advance(): Promise<boolean> {
    const { done, value } = await this.#batches.next()
    if (done) return false
    if (value.kind === 'snapshot' && this.frontier > 0n)
      throw new TailError(
        'INVALID_OPTION',
        `onHistoryLost is "refetch" for ${this.name}, which began anew: what was said of the others would not fit. It takes 'reconcile' or 'fail' here.`,
      )
    for (const update of value.updates) this.#waiting.push(update)
    this.frontier = value.upper
    return true
  }

  /** What happened before `upper` and was not taken yet. */
  take(upper: bigint): readonly Update<unknown>[] {
    const taken = this.#waiting.filter(({ timestamp }) => timestamp < upper)
    this.#waiting = this.#waiting.filter(({ timestamp }) => timestamp >= upper)
    return taken
  }

  close(): Promise<void> {
    return this.#stream.close()
  }
}

function least(timestamps: readonly bigint[]): bigint {
  const [first = 0n] = [...timestamps].sort((a, b) => (a < b ? -1 : 1))
  return first
}
