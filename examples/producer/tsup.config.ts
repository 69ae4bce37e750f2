import { program } from '../../house/tsup.ts'

export default program(
  { main: 'src/main.ts', producer: 'src/producer.ts' },
  // The demonstration imports the producer; TypeScript 6 calls the baseUrl that tsup injects deprecated.
  { dts: { entry: { producer: 'src/producer.ts' }, compilerOptions: { ignoreDeprecations: '6.0' } } },
)
