import { invalidOption, TailError } from './errors.js'
import { closable } from './iterate.js'
import type { Batch } from './types/batch.js'
import type { Update } from './types/update.js'

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
 * Several views at one consistent frontier: each batch takes all of them to the same `upper`, at which each of them is what the updates
 * so far add up to. A snapshot, a reconciled and a merged batch say nothing of the timestamps that they span: no `upper` lies inside
 * one, and the first batch comes when all snapshots are complete and the others have reached the latest.
 *
 * The slowest sets the pace: of the others one batch is held, and while one spans more, what the others have meanwhile. If one ends or
 * fails, all are closed, and so they are by `return`, whatever they wait for. Throws `INVALID_OPTION` for no tails, and for tails with
 * `onHistoryLost: 'refetch'` once they begin anew.
 */
export function tailAll<T extends Tails>(tails: T): AsyncGenerator<JointBatch<T>, undefined> {
  const close = async (): Promise<void> => {
    await Promise.all(Object.values(tails).map(stream => stream.close()))
  }
  return closable(jointBatches(tails, close), { close })
}

async function* jointBatches<T extends Tails>(
  tails: T,
  close: () => Promise<void>,
): AsyncGenerator<JointBatch<T>, undefined> {
  const members = Object.entries(tails).map(([name, stream]) => new Reader(name, stream))
  if (members.length === 0) throw invalidOption('tails', 'empty', 'at least one tail, by name')
  let lower = 0n
  try {
    for (;;) {
      const reached = least(members.map(({ frontier }) => frontier))
      const upper = knownIn(members, reached)
      if (upper > lower) {
        const updates = Object.fromEntries(members.map(member => [member.name, member.take(upper)]))
        yield { lower, upper, updates: updates as JointBatch<T>['updates'] }
        lower = upper
      }
      // Whoever is behind is read; who is ahead waits, and its socket with it.
      const behind = members.filter(({ frontier }) => frontier === reached)
      const advance = async (member: Reader): Promise<boolean> => {
        const went = await member.advance()
        // The others may wait for a server that does not come back.
        if (!went) await close()
        return went
      }
      const went = await Promise.all(behind.map(advance))
      if (went.includes(false)) return undefined
    }
  } finally {
    await close()
  }
}

/** Where the contents of a view are not known: at no frontier between the two. */
interface Gap {
  readonly after: bigint
  readonly before: bigint
}

class Reader {
  readonly name: string
  readonly #batches: AsyncIterator<Batch<unknown>>
  readonly #waiting: Update<unknown>[] = []
  #gaps: Gap[] = []
  #hasBegun = false
  frontier = 0n

  constructor(name: string, stream: Member<unknown>) {
    this.name = name
    this.#batches = stream.batches()[Symbol.asyncIterator]()
  }

  /** Whether there was another batch. */
  async advance(): Promise<boolean> {
    const { done, value } = await this.#batches.next()
    if (done) return false
    if (value.kind === 'snapshot' && this.#hasBegun)
      throw new TailError(
        'INVALID_OPTION',
        `onHistoryLost is "refetch" for ${this.name}, which began anew: what was said of the others would not fit. It takes 'reconcile' or 'fail' here.`,
      )
    // A snapshot is as of its lower: what it was like before, nobody says. Of other beginnings neither.
    if (!this.#hasBegun)
      this.#gaps.push({ after: 0n, before: value.kind === 'snapshot' ? value.lower + 1n : value.lower })
    if (value.kind === 'reconciled' || value.kind === 'merged')
      this.#gaps.push({ after: value.lower, before: value.upper })
    this.#hasBegun = true
    for (const update of value.updates) this.#waiting.push(update)
    this.frontier = value.upper
    return true
  }

  /** The greatest frontier up to `frontier` at which the contents are known. */
  known(frontier: bigint): bigint {
    const gap = this.#gaps.find(({ after, before }) => after < frontier && frontier < before)
    return gap ? gap.after : frontier
  }

  /** What happened before `upper` and was not taken yet. */
  take(upper: bigint): readonly Update<unknown>[] {
    this.#gaps = this.#gaps.filter(({ before }) => before > upper)
    const later = this.#waiting.findIndex(({ timestamp }) => timestamp >= upper)
    return this.#waiting.splice(0, later < 0 ? this.#waiting.length : later)
  }
}

/** The greatest frontier up to `frontier` at which the contents of all are known. */
function knownIn(members: readonly Reader[], frontier: bigint): bigint {
  const known = least(members.map(member => member.known(frontier)))
  return known === frontier ? known : knownIn(members, known)
}

function least(timestamps: readonly bigint[]): bigint {
  const [first = 0n] = [...timestamps].sort((a, b) => (a < b ? -1 : 1))
  return first
}
