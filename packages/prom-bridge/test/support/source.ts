import type { Batch, UnknownRow, Update } from '@mzalert/tail-client'
import type { BatchSource } from '../../src/types.js'

/** An update as a server would send it: the row's text is its columns, JSON so that any value can be told from any other. */
export function update(row: UnknownRow, diff = 1, timestamp = 1000): Update<UnknownRow> {
  const raw = JSON.stringify(row, (_key, value: unknown) =>
    typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))
      ? `${typeof value} ${value}`
      : value,
  )
  return { row, diff, timestamp: BigInt(timestamp), raw }
}

export function batch(
  kind: Batch<UnknownRow>['kind'],
  updates: readonly Update<UnknownRow>[] = [],
  upper: number = Number(updates.at(-1)?.timestamp ?? 1000n) + 1,
): Batch<UnknownRow> {
  return { kind, updates, lower: 0n, upper: BigInt(upper) }
}

interface Waiting {
  readonly batch: Batch<UnknownRow>
  readonly taken: () => void
}

/** A source that a test drives: what `push` gives has been applied when its promise resolves. */
export class TestSource implements BatchSource {
  status: BatchSource['status']
  columns: BatchSource['columns']
  closes = 0
  readonly #waiting: Waiting[] = []
  #wake: () => void = () => {}
  #end: { readonly error?: unknown } | undefined

  async *batches(): AsyncGenerator<Batch<UnknownRow>> {
    for (;;) {
      const next = this.#waiting.shift()
      if (next) {
        yield next.batch
        next.taken()
      } else if (this.#end) {
        if ('error' in this.#end) throw this.#end.error
        return
      } else {
        await new Promise<void>(resolve => {
          this.#wake = resolve
        })
      }
    }
  }

  push(given: Batch<UnknownRow>): Promise<void> {
    return new Promise(taken => {
      this.#waiting.push({ batch: given, taken })
      this.#wake()
    })
  }

  snapshot(rows: readonly UnknownRow[] = [], timestamp = 1000): Promise<void> {
    return this.push(
      batch(
        'snapshot',
        rows.map(row => update(row, 1, timestamp)),
        timestamp + 1,
      ),
    )
  }

  changes(...updates: readonly Update<UnknownRow>[]): Promise<void> {
    return this.push(batch('changes', updates))
  }

  fail(error: unknown): void {
    this.#end = { error }
    this.#wake()
  }

  end(): void {
    this.#end = {}
    this.#wake()
  }

  async close(): Promise<void> {
    this.closes++
    this.#end ??= {}
    this.#wake()
  }
}

/** A row of the view the examples are about. */
export function alert(organization: string | null, cond = 'deployment_spike'): UnknownRow {
  return { alert_cond: cond, labels: organization }
}

export const alertLabels: Readonly<Record<string, string>> = {
  alert_cond: 'alert_cond',
  organization: 'labels',
}

/** Waits for a condition; fails by the test's own deadline. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(resolve => setImmediate(resolve))
}
