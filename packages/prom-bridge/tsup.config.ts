import { readFileSync } from 'node:fs'
import { library } from '../../house/tsup.ts'

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as {
  version: string
}

export default library(
  { index: 'src/index.ts' },
  { define: { PROM_BRIDGE_VERSION: JSON.stringify(version) } },
)
