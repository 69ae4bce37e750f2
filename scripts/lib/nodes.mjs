import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { npmInstall } from './counted.mjs'

/** The releases of Node beside the oldest one that is supported, on which everything else runs. */
const laterReleases = ['22', '24']

/** Gets the later releases of Node, which npm carries as packages for each platform; gives `[label, path of the binary]` of each. */
export async function laterNodes(counted, folder) {
  const found = []
  for (const release of laterReleases) {
    const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
    const home = path.join(folder, `node-${release}`)
    mkdirSync(home)
    writeFileSync(path.join(home, 'package.json'), '{"private":true}')
    if (!(await counted.check(`get Node ${release}`, () => npmInstall(home, `${name}@${release}`)))) continue
    const binary = path.join(home, 'node_modules', name, 'bin', 'node')
    if (!existsSync(binary)) throw new Error(`${name} has no ${binary}`)
    const { version } = JSON.parse(
      readFileSync(path.join(home, 'node_modules', name, 'package.json'), 'utf8'),
    )
    found.push([`Node ${version}`, binary])
  }
  return found
}
