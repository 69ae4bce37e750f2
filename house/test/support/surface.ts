import path from 'node:path'
import ts from 'typescript'
import { manifest, root } from './repository.js'

/** What a package exports under one name, and where that is in `dist/`, as paths from the root. */
export interface Entry {
  readonly name: string
  readonly esm: string
  readonly cjs: string
  readonly types: string
}

interface Conditions {
  readonly import: { readonly types: string; readonly default: string }
  readonly require: { readonly default: string }
}

/** The entries of a published package that are code. */
export function entries(folder: string): readonly Entry[] {
  const { name, exports = {} } = manifest(folder)
  return Object.entries(exports as Readonly<Record<string, Conditions>>)
    .filter(([subpath]) => !subpath.endsWith('.json'))
    .map(([subpath, targets]) => ({
      name: path.posix.join(name, subpath),
      esm: path.posix.join(folder, targets.import.default),
      cjs: path.posix.join(folder, targets.require.default),
      types: path.posix.join(folder, targets.import.types),
    }))
}

export interface Exported {
  readonly entry: string
  /** Behind whatever it is exported as. */
  readonly symbol: ts.Symbol
}

/** Everything that entries export, as their published declarations say. */
export function exported(from: readonly Entry[]): {
  readonly checker: ts.TypeChecker
  readonly symbols: readonly Exported[]
} {
  const program = ts.createProgram(
    from.map(({ types }) => path.join(root, types)),
    {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      strict: true,
      types: [],
    },
  )
  const checker = program.getTypeChecker()
  const symbols = from.flatMap(({ name, types }) => {
    const source = program.getSourceFile(path.join(root, types))
    const module = source && checker.getSymbolAtLocation(source)
    if (!module) throw new Error(`${types} is not there: npm run build`)
    return checker.getExportsOfModule(module).map(symbol => ({
      entry: name,
      symbol: symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
    }))
  })
  return { checker, symbols }
}
