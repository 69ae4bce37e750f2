import { program } from '../house/tsup.ts'

export default program(
  { models: 'src/models.ts' },
  { dts: { compilerOptions: { ignoreDeprecations: '6.0' } } },
)
