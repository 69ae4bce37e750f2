import { camelCase } from '../rows/camel-case.js'
import { typeName } from '../rows/type-names.js'
import type { Column } from '../types/connection.js'

/** A relation to write types for; columns that are never NULL are named in `notNull`. */
export interface DescribedRelation {
  readonly name: string
  readonly columns: readonly Column[]
  readonly notNull: ReadonlySet<string>
}

const packageName = '@mzalert/tail-client'

/** An interface for the rows of a relation. */
export function interfaceText(type: string, { columns, notNull }: Omit<DescribedRelation, 'name'>): string {
  const properties = columns.map(column => {
    const { sql, ts } = typeName(column.oid)
    const propertyType = notNull.has(column.name) || ts === 'unknown' ? ts : `${ts} | null`
    return `  /** ${sql} */\n  readonly ${propertyName(column.name)}: ${propertyType}`
  })
  return `export interface ${type} {\n${properties.join('\n')}\n}\n`
}

/** A module with an interface and a relation for each; made of the same relations it is the same text. */
export function moduleText(relations: readonly DescribedRelation[]): string {
  const names = new Names()
  const parts = relations.map(described => {
    const { name, columns } = described
    const list = columns
      .map(({ name: column, oid }) => `  { name: ${quoted(column)}, oid: ${oid} },\n`)
      .join('')
    const { type, value } = names.next(name)
    return [
      interfaceText(type, described),
      `/** To tail it when it has other columns than these is SCHEMA_MISMATCH. */`,
      `export const ${value}: Relation<${type}> = relation<${type}>(${quoted(name)}, [\n${list}])\n`,
    ].join('\n')
  })
  return [
    '// Written by `mztail types`. Write it anew when a view changes.\n',
    importText(
      ['type Relation', 'relation'],
      relations.flatMap(({ columns }) => columns),
    ),
    '\n',
    parts.join('\n'),
  ].join('')
}

/** An import of names, and of the types that columns need. */
export function importText(names: readonly string[], columns: readonly Column[]): string {
  const needsRange = columns.some(({ oid }) => typeName(oid).ts.includes('Range<'))
  return `import { ${[...(needsRange ? ['type Range'] : []), ...names].join(', ')} } from '${packageName}'\n`
}

/** What a relation is called in TypeScript: its interface, and its value. */
export interface RelationNames {
  readonly type: string
  readonly value: string
}

/** Words that cannot be names, and names that mean something else where these stand. */
const reserved: ReadonlySet<string> = new Set(
  `abstract arguments as async await boolean break case catch class const continue debugger default delete do else enum eval export
  extends false finally for function if implements import in instanceof interface let new null number package private protected public
  return static string super switch symbol this throw true try typeof undefined unknown var void while with yield bigint any never object
  relation sql tail process console Range Relation Readonly Record Uint8Array`.split(/\s+/),
)

/** Gives names that no relation before has. */
export class Names {
  readonly #taken = new Set<string>(reserved)

  /** `ops.organization_alert` is `OpsOrganizationAlert` and `opsOrganizationAlert`. */
  next(relation: string): RelationNames {
    const base = identifier(relation)
    for (let count = 1; ; count++) {
      const suffix = count === 1 ? '' : count === 2 ? 'View' : `View${count - 1}`
      const value = `${base}${suffix}`
      const type = `${value.slice(0, 1).toUpperCase()}${value.slice(1)}`
      if (this.#taken.has(value) || this.#taken.has(type)) continue
      this.#taken.add(value).add(type)
      return { type, value }
    }
  }
}

function identifier(name: string): string {
  const word = camelCase(name.replace(/[^\p{L}\p{N}]+/gu, '_').replace(/^_+|_+$/g, ''))
  return /^\p{L}/u.test(word) ? word : `view${word}`
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name)
}

export function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}
