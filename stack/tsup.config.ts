import { program } from '../house/tsup.ts'

export default program(
  { models: 'src/models.ts', apply: 'src/cli.ts', kafka: 'src/kafka.ts', webhook: 'src/webhook/cli.ts' },
  { dts: { compilerOptions: { ignoreDeprecations: '6.0' } } },
)
