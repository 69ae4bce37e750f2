// What the pages of the documentation say of things that are the reader's own.
import type { SinkHarness } from '@mzalert/alert-sinks/testing'
import type { Bridge } from '@mzalert/prom-bridge'
import type { Tail } from '@mzalert/tail-client'
import type pg from 'pg'

declare global {
  const connection: string
  const url: string
  const from: number
  const to: number
  const views: readonly string[]
  const client: pg.Client
  const stream: Tail
  const b: Bridge
  const logger: Record<'info' | 'warn', (fields: object, words: string) => void>
  const store: (updates: readonly object[]) => Promise<void>
  const test: (title: string, run: () => Promise<void>) => void
  const makeHarness: () => SinkHarness
  interface Total {
    readonly k: bigint
    readonly total: bigint
  }
}
