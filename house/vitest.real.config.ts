import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Tests with programs that npm does not bring: prometheus, promtool, alertmanager, amtool; Apache Kafka (java, mvn), kcat, PostgreSQL, Chromium. */
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['{packages,examples}/*/test/real/**/*.test.ts', 'stack/test/real/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
})
