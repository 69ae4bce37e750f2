import { program } from '../../house/tsup.ts'

export default program(
  { main: 'src/main.ts', direct: 'src/direct.ts' },
  // The demonstration imports it; TypeScript 6 calls the baseUrl that tsup injects deprecated.
  { dts: { entry: { direct: 'src/direct.ts' }, compilerOptions: { ignoreDeprecations: '6.0' } } },
)
