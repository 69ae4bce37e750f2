import type { StateStore } from '../types.js'

/** Keeps the state in this process: for tests, and for who only wants to start `notify()` anew. */
export function memoryStore(): StateStore {
  const states = new Map<string, string>()
  return {
    load: async name => states.get(name),
    save: async (name, state) => {
      states.set(name, state)
    },
  }
}
