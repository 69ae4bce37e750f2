import { camelCase } from '../rows/camel-case.js'
import { typeName } from '../rows/type-names.js'
import type { Column } from '../types.js'

/** A relation to write types for; columns that are never NULL are named in `notNull`. */
export interface DescribedRelation {
  readonly name: string
  readonly columns: readonly Column[]
  readonly notNull: ReadonlySet<string>
}

/** An interface for the rows of a relation. */
export function interfaceText({ name, columns, notNull }: DescribedRelation): string {
  const properties = columns.map(column => {
    const { sql, ts } = typeName(column.oid)
    const type = notNull.has(column.name) || ts === 'unknown' ? ts : `${ts} | null`
    return `  /** ${sql} */\n  readonly ${propertyName(column.name)}: ${type}`
  })
  return `export interface ${typeIdentifier(name)} {\n${properties.join('\n')}\n}\n`
}

/** A module with an interface and a relation for each; made of the same relations it is the same text. */
export function moduleText(relations: readonly DescribedRelation[]): string {
  const parts = relations.map(described => {
    const { name, columns } = described
    const list = columns
      .map(({ name: column, oid }) => `  { name: ${quoted(column)}, oid: ${oid} },\n`)
      .join('')
    const type = typeIdentifier(name)
    return [
      interfaceText(described),
      `/** To tail it when it has other columns than these is SCHEMA_MISMATCH. */`,
      `export const ${valueIdentifier(name)}: Relation<${type}> = relation<${type}>(${quoted(name)}, [\n${list}])\n`,
    ].join('\n')
  })
  return [
    '// Written by `mztail types`. Write it anew when a view changes.\n',
    "import { type Relation, relation } from '@mzalert/tail-client'\n",
    '\n',
    parts.join('\n'),
  ].join('')
}

/** `ops.organization_alert` as `opsOrganizationAlert`. */
function valueIdentifier(name: string): string {
  const word = camelCase(name.replace(/[^\p{L}\p{N}]+/gu, '_').replace(/^_+|_+$/g, ''))
  return /^\p{L}/u.test(word) ? word : `view${word}`
}

export function typeIdentifier(name: string): string {
  const value = valueIdentifier(name)
  return `${value.slice(0, 1).toUpperCase()}${value.slice(1)}`
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name)
}

export function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}
