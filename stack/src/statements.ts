import type { Model } from './models.js'

/** What a statement makes that can be dropped again; undefined for grants and indexes, which go with what they are on. */
export interface Statement {
  readonly sql: string
  readonly makes: { readonly kind: Kind; readonly name: string } | undefined
}

type Kind = 'CONNECTION' | 'SOURCE' | 'TABLE' | 'VIEW' | 'ROLE'

/** One statement at a time: Materialize takes no sources in a script of several. Comments end with their line; none holds a semicolon. */
export function statements(model: Model): readonly Statement[] {
  return model.sql
    .replace(/^\s*--.*$/gm, '')
    .split(/;\s*(?:\n|$)/)
    .map(sql => sql.trim())
    .filter(sql => sql !== '')
    .map(sql => ({ sql, makes: madeBy(sql) }))
}

function madeBy(sql: string): Statement['makes'] {
  const [, kind, name] = /^CREATE (?:MATERIALIZED )?(CONNECTION|SOURCE|TABLE|VIEW|ROLE) (\w+)/.exec(sql) ?? []
  return kind && name ? { kind: kind as Kind, name } : undefined
}
