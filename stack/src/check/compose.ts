import { parse } from 'yaml'
import type { StackFiles } from './files.js'

/** A service, as far as we look at it; merges and variables are resolved. */
export interface Service {
  readonly image?: string
  readonly build?: unknown
  readonly profiles?: readonly string[]
  readonly restart?: string
  readonly read_only?: boolean
  readonly labels?: Readonly<Record<string, string>>
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly expose?: readonly string[]
  readonly volumes?: readonly string[]
  readonly secrets?: readonly string[]
  readonly configs?: readonly { readonly source: string }[]
  readonly mem_limit?: string
  readonly healthcheck?: { readonly test?: readonly string[] }
  readonly depends_on?: Readonly<Record<string, { readonly condition?: string }>>
}

export interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
  readonly configs: Readonly<Record<string, unknown>>
  readonly secrets: Readonly<Record<string, unknown>>
}

/** `${NAME:-default}`, the only form we use. */
const variable = /\$\{(\w+):-([^}]*)\}/g

/** The model of a compose file with every variable at its default. */
export function compose(files: StackFiles, file = 'compose.yaml'): Compose {
  const text = files.text(file).replace(variable, (_, _name, fallback: string) => fallback)
  const {
    services = {},
    volumes = {},
    configs = {},
    secrets = {},
  } = parse(text, { merge: true }) as Partial<Compose>
  return { services, volumes, configs, secrets }
}

/** What can be set, with its default; a name with two defaults comes twice. */
export function variables(files: StackFiles): readonly (readonly [name: string, fallback: string])[] {
  const found = ['compose.yaml', 'compose.tail.yaml'].flatMap(file =>
    [...files.text(file).matchAll(variable)].map(([, name = '', fallback = '']) => [name, fallback] as const),
  )
  return [...new Map(found.map(pair => [pair.join('='), pair])).values()]
}

/** The ports that a service listens on, by all that says so: published, exposed, asked by its health check. */
export function portsOf({ ports = [], expose = [], healthcheck }: Service): ReadonlySet<number> {
  const asked = healthcheck?.test?.flatMap(part =>
    [...part.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => port),
  )
  const published = ports.map(port => port.split(':').at(-1))
  return new Set([...(asked ?? []), ...published, ...expose].map(Number))
}
