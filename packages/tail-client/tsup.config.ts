import { library } from '../../house/tsup.ts'

export default library(
  { index: 'src/index.ts', testing: 'src/testing/index.ts' },
  { programs: { mztail: 'src/cli/main.ts' } },
)
