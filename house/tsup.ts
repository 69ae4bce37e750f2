import { rmSync } from 'node:fs'
import { defineConfig, type Options } from 'tsup'

/**
 * How every published package is built: the entries that users import as ESM and CommonJS with types for both; its programs, which
 * only Node runs, as ESM alone. `splitting` also for CommonJS, or each entry would carry its own copy of the error class.
 */
export function library(
  entry: Record<string, string>,
  { programs = {}, ...more }: Options & { readonly programs?: Readonly<Record<string, string>> } = {},
): ReturnType<typeof defineConfig> {
  // Two builds share the folder: it is emptied once, before either of them.
  rmSync('dist', { recursive: true, force: true })
  const shared: Options = {
    target: 'node20',
    splitting: true,
    treeshake: true,
    sourcemap: false,
    silent: true,
    // TypeScript 6 calls the baseUrl that tsup injects deprecated.
    dts: { entry, compilerOptions: { ignoreDeprecations: '6.0' } },
    ...more,
  }
  return defineConfig([
    { ...shared, entry: { ...entry, ...programs }, format: 'esm' },
    { ...shared, entry, format: 'cjs', onSuccess: undefined },
  ])
}

/** How the examples are built: one ESM file that Node runs; nobody imports its types. */
export function program(entry: Record<string, string>, more: Options = {}): ReturnType<typeof defineConfig> {
  return defineConfig({ entry, format: ['esm'], target: 'node20', clean: true, silent: true, ...more })
}
