import type { Backend, BackendOptions, Ready } from './backend.js'

/** The calls that go to the thread, and what they take and give. */
export type Method = 'run' | 'plan' | 'evaluate' | 'forget' | 'upkeep'

export type Call = { readonly [M in Method]: CallOf<M> }[Method]

interface CallOf<M extends Method> {
  readonly id: number
  readonly method: M
  readonly parameters: Parameters<Backend[M]>
}

/** What the thread says: first how it started, then an answer for each call. */
export type Reply =
  | { readonly kind: 'ready'; readonly ready: Ready }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'answer'; readonly id: number; readonly result: unknown }

export type WorkerData = BackendOptions
