import { library } from '../../house/tsup.ts'

// `shims` gives the CommonJS build an `import.meta.url`, by which it finds the worker.
export default library({ cli: 'src/cli.ts', index: 'src/index.ts', worker: 'src/worker.ts' }, { shims: true })
