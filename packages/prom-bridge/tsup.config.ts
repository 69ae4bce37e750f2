import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { library } from '../../house/tsup.ts'
import { configSchema } from './src/exporter/schema.ts'

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as {
  version: string
}

/** The program's schema, for editors. */
async function writeSchema(): Promise<void> {
  mkdirSync(new URL('dist', import.meta.url), { recursive: true })
  const target = new URL('dist/exporter.schema.json', import.meta.url)
  writeFileSync(target, `${JSON.stringify(configSchema, undefined, 2)}\n`)
}

export default library(
  { index: 'src/index.ts', 'remote-write': 'src/remote-write.ts' },
  {
    programs: { cli: 'src/cli.ts' },
    define: { PROM_BRIDGE_VERSION: JSON.stringify(version) },
    onSuccess: writeSchema,
  },
)
