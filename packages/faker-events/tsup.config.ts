import { library } from '../../house/tsup.ts'

export default library({ index: 'src/index.ts' }, { programs: { cli: 'src/cli.ts' } })
