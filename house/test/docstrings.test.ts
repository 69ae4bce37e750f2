import path from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { manifest, publishedPackages, root } from './support/repository.js'

interface Conditions {
  readonly import: { readonly types: string }
}

/** Still without a sentence. */
const missing = [
  '@mzalert/faker-events Bursts',
  '@mzalert/faker-events ConnectOptions',
  '@mzalert/faker-events DefinedScenario',
  '@mzalert/faker-events EventsErrorCode',
  '@mzalert/faker-events ExpectedAlert',
  '@mzalert/faker-events Fault',
  '@mzalert/faker-events IncidentQuery',
  '@mzalert/faker-events KafkaOptions',
  '@mzalert/faker-events KafkaTopicsOptions',
  '@mzalert/faker-events LifecycleOptions',
  '@mzalert/faker-events OrdersQuery',
  '@mzalert/faker-events Organization',
  '@mzalert/faker-events Phases',
  '@mzalert/faker-events PostgresOptions',
  '@mzalert/faker-events PostgresRowsOptions',
  '@mzalert/faker-events RunOptions',
  '@mzalert/faker-events ScenarioDefinition',
  '@mzalert/faker-events ScheduledOptions',
  '@mzalert/faker-events StateOptions',
  '@mzalert/faker-events Tier',
]

test('everything that a package exports has a docstring in what is published', () => {
  const entries = publishedPackages().flatMap(folder => {
    const { name, exports = {} } = manifest(folder)
    return Object.entries(exports)
      .filter(([subpath]) => !subpath.endsWith('.json'))
      .map(([subpath, targets]) => ({
        entry: path.posix.join(name, subpath),
        file: path.join(root, folder, (targets as Conditions).import.types),
      }))
  })
  const program = ts.createProgram(
    entries.map(({ file }) => file),
    { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, types: [] },
  )
  const checker = program.getTypeChecker()
  const undocumented = entries.flatMap(({ entry, file }) => {
    const source = program.getSourceFile(file)
    const module = source && checker.getSymbolAtLocation(source)
    if (!module) throw new Error(`${file} is not there: npm run build`)
    return checker
      .getExportsOfModule(module)
      .filter(symbol => !isDocumented(symbol, checker))
      .map(symbol => `${entry} ${symbol.name}`)
  })
  expect(undocumented.filter(each => !missing.includes(each))).toEqual([])
})

function isDocumented(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  const own = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  return ts.displayPartsToString(own.getDocumentationComment(checker)).trim() !== ''
}
