import { library } from '../../house/tsup.ts'

export default library({ index: 'src/index.ts', worker: 'src/worker.ts' })
