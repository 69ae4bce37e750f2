import { program } from '../../house/tsup.ts'

export default program(
  { main: 'src/main.ts', exporter: 'src/exporter.ts' },
  // The demonstration imports the exporter; TypeScript 6 calls the baseUrl that tsup injects deprecated.
  { dts: { entry: { exporter: 'src/exporter.ts' }, compilerOptions: { ignoreDeprecations: '6.0' } } },
)
