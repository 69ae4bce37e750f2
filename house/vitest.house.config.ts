import { defineConfig } from 'vitest/config'

export default defineConfig({ root: '..', test: { include: ['house/test/**/*.test.ts'], testTimeout: 60_000 } })
