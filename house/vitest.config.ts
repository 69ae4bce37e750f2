import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['{packages,examples}/*/test/**/*.test.ts', 'stack/test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/real/**'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores: the engine has a thread of its own in the tests that use it.
    maxWorkers: 2,
    dangerouslyIgnoreUnhandledErrors: false,
  },
})
