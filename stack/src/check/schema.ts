import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DCLinter } from 'dclint'

interface Result {
  readonly messages: readonly { readonly rule: string; readonly message: string }[]
}

/** What the Compose specification's JSON schema has against a file. The linter's other rules are matters of taste. */
export function schemaProblems(text: string): readonly string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-compose-'))
  const file = path.join(folder, 'compose.yaml')
  try {
    writeFileSync(file, text)
    const linter = new DCLinter({ rules: {}, quiet: false, debug: false, exclude: [] })
    const results: readonly Result[] = linter.lintFiles([file], false)
    return results
      .flatMap(({ messages }) => messages)
      .filter(({ rule }) => rule.startsWith('invalid'))
      .map(({ message }) => message)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
