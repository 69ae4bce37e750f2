import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const packageFolder = fileURLToPath(new URL('../..', import.meta.url))
const tsc = path.join(packageFolder, 'node_modules/typescript/bin/tsc')

/**
 * Compiles files as a stranger would who installed the package: its manifest and what is built of it, with every check that TypeScript
 * has. Rejects with what the compiler says.
 */
export async function compile(files: Readonly<Record<string, string>>): Promise<void> {
  const folder = await mkdtemp(path.join(packageFolder, 'test', '.compile-'))
  try {
    await mkdir(path.join(folder, 'node_modules/@mzalert'), { recursive: true })
    await symlink(packageFolder, path.join(folder, 'node_modules/@mzalert/tail-client'))
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text)
    const compilerOptions = {
      noEmit: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      types: ['node'],
    }
    const project = { compilerOptions, files: Object.keys(files) }
    await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(project))
    await promisify(execFile)(process.execPath, [tsc, '-p', folder]).catch((error: { stdout?: string }) => {
      throw new Error(error.stdout)
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}
