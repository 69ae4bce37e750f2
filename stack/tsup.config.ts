import { program } from '../house/tsup.ts'

export default program(
  {
    models: 'src/models.ts',
    apply: 'src/cli.ts',
    webhook: 'src/webhook/cli.ts',
    kafka: 'src/kafka.ts',
    chain: 'src/chain/index.ts',
    'stand-in': 'src/chain/stand-in.ts',
  },
  {
    dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
    // What only tests and benchmarks run is not bundled, and not in the images.
    external: [/^@mzalert\//, 'kafkajs', 'yaml'],
  },
)
