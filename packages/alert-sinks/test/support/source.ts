import type { Batch } from '@mzalert/tail-client'
import type { AlertSource } from '../../src/types.js'
import { batch, type Row, update } from './batches.js'

interface Waiting {
  readonly batch: Batch<Row>
  readonly taken: () => void
}

/** A source that a test drives: what `push` gives has been taken in when its promise resolves. */
export class TestSource implements AlertSource<Row> {
  status: AlertSource['status']
  closes = 0
  readonly #waiting: Waiting[] = []
  #wake: () => void = () => {}
  #end: { readonly error?: unknown } | undefined

  async *batches(): AsyncGenerator<Batch<Row>> {
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

  push(given: Batch<Row>): Promise<void> {
    return new Promise(taken => {
      this.#waiting.push({ batch: given, taken })
      this.#wake()
    })
  }

  snapshot(rows: readonly Row[] = [], timestamp = 1000): Promise<void> {
    const updates = rows.map(row => update(row, 1, timestamp))
    return this.push(batch('snapshot', updates, timestamp + 1))
  }

  changes(...updates: Parameters<typeof update>[]): Promise<void> {
    return this.push(
      batch(
        'changes',
        updates.map(each => update(...each)),
      ),
    )
  }

  progress(upper: number): Promise<void> {
    return this.push(batch('progress', [], upper))
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

/** Everything that is ready to run has run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
}

/** Waits for a condition; fails by the test's own deadline. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(resolve => setImmediate(resolve))
}
