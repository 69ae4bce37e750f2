import type { CollisionPolicy, LabelOptions, NullPolicy, OverLimitPolicy, ValueOptions } from '../types.js'

/** A configuration as the schema has it, with the environment put in. */
export interface Config {
  readonly connections: Readonly<Record<string, string | ConnectionConfig>>
  readonly views: readonly ViewConfig[]
  readonly listen?: {
    readonly host?: string
    readonly port?: number
    readonly maxConnections?: number
    readonly maxHeaderBytes?: number
    readonly headerTimeout?: string
  }
  readonly ready?: { readonly maxLag?: string }
  readonly remoteWrite?: RemoteWriteConfig
  readonly tail?: {
    readonly waitForRelation?: boolean
    readonly connectTimeout?: string
    readonly progressTimeout?: string
    readonly snapshotTimeout?: string
  }
  readonly log?: { readonly level?: string }
}

export interface ConnectionConfig {
  readonly host: string
  readonly port?: number
  readonly user?: string
  readonly database?: string
  readonly password?: string
  readonly ssl?: boolean
  readonly applicationName?: string
  readonly settings?: Readonly<Record<string, string>>
}

export interface RemoteWriteConfig {
  readonly url: string
  readonly interval?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
}

export interface ViewConfig {
  readonly view: string
  readonly query?: string
  readonly connection?: string
  readonly name?: string
  readonly help?: string
  readonly labels: Readonly<Record<string, Exclude<LabelOptions, (...row: never) => unknown>>>
  readonly value?: ValueOptions
  readonly collisions?: CollisionPolicy
  readonly nulls?: NullPolicy
  readonly maxLabelBytes?: number
  readonly maxSeries?: number
  readonly overLimit?: OverLimitPolicy
  readonly onRemove?: 'delete' | { readonly zeroFor: string }
  readonly onDisconnect?: 'hold' | 'drop' | 'fail-scrape' | { readonly holdFor: string }
  readonly staleAfter?: string
}

/** Where in a file, from 1 on. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** What is wrong with a configuration, and what to write instead. */
export interface Problem {
  readonly place: Place
  readonly message: string
}
