import { library } from '../../house/tsup.ts'

// `shims` gives the CommonJS build an `import.meta.url`, by which it finds the worker.
export default library(
  { index: 'src/index.ts' },
  { programs: { cli: 'src/cli.ts', worker: 'src/worker.ts' }, shims: true },
)
