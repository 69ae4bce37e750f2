import { library } from '../../house/tsup.ts'

export default library({ cli: 'src/cli.ts', index: 'src/index.ts' })
