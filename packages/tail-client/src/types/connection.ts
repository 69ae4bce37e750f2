/** Which statement a server speaks: `TAIL` up to v0.26, `SUBSCRIBE` since v0.27. */
export type Generation = 'tail' | 'subscribe'

/** One column of a relation: its name and the OID of its type, as the server describes them. */
export interface Column {
  readonly name: string
  readonly oid: number
}

/** Where the server is: a `postgres://` URL, or its parts. A password may be a function, called on every attempt. */
export interface ConnectionOptions {
  readonly host?: string
  readonly port?: number
  readonly user?: string
  readonly database?: string
  readonly password?: string | (() => string | Promise<string>)
  readonly ssl?: boolean | Record<string, unknown>
  readonly applicationName?: string
  /** Session settings to start with, for example `{ cluster: 'alerts' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

/** A URL, its parts, or a function that gives either; a function is called on every attempt. */
export type Connection =
  | string
  | ConnectionOptions
  | (() => string | ConnectionOptions | Promise<string | ConnectionOptions>)
