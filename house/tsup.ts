import { defineConfig, type Options } from 'tsup'

/**
 * How every published package is built: ESM and CommonJS with types for both.
 * `splitting` also for CommonJS, or each entry would carry its own copy of the error class.
 */
export function library(entry: Record<string, string>, more: Options = {}): ReturnType<typeof defineConfig> {
  return defineConfig({
    entry,
    format: ['esm', 'cjs'],
    target: 'node20',
    splitting: true,
    clean: true,
    treeshake: true,
    sourcemap: false,
    silent: true,
    // TypeScript 6 calls the baseUrl that tsup injects deprecated.
    dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
    ...more,
  })
}

/** How the examples are built: one ESM file that Node runs; nobody imports its types. */
export function program(entry: Record<string, string>, more: Options = {}): ReturnType<typeof defineConfig> {
  return defineConfig({ entry, format: ['esm'], target: 'node20', clean: true, silent: true, ...more })
}
