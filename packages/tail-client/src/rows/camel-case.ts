import type { Column } from '../types/connection.js'

/** `alert_cond` as `alertCond`: each underscore between two characters goes, and the letter after it is a capital. */
export type CamelCase<Name extends string> = Name extends `_${infer Rest}`
  ? `_${CamelCase<Rest>}`
  : Inner<Name>

type Inner<Name extends string> = Name extends `${infer Head}_${infer Next}${infer Rest}`
  ? Next extends '_'
    ? `${Head}__${CamelCase<Rest>}`
    : `${Head}${Inner<`${Uppercase<Next>}${Rest}`>}`
  : Name

/** A row with its columns in camelCase. */
export type CamelCased<Row> = {
  [Name in keyof Row as Name extends string ? CamelCase<Name> : Name]: Row[Name]
}

/** The same at run time. */
export function camelCase(name: string): string {
  return name.replace(/(?<=[^_])_([^_])/g, (_, next: string) => next.toUpperCase())
}

export function inCamelCase(columns: readonly Column[]): readonly Column[] {
  return columns.map(({ name, oid }) => ({ name: camelCase(name), oid }))
}
