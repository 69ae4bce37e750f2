import path from 'node:path'
import { type Compose, portsOf, type Service } from './compose.js'
import type { StackFiles } from './files.js'

const megabytes: Readonly<Record<string, number>> = { m: 1, g: 1024 }
/** What a machine for the stack has, with room for the rest of it. */
const most = 8 * 1024

const each = ({ services }: Compose): readonly (readonly [string, Service])[] => Object.entries(services)
const isOneShot = ({ restart }: Service): boolean => restart === undefined
const isOurs = ({ image = '' }: Service): boolean => image.startsWith('mzalert/')

/** Every image has an exact version; ours are built here. */
export function unpinned(model: Compose): readonly string[] {
  return each(model)
    .filter(([, service]) =>
      isOurs(service) ? !service.build : !/:v?\d+\.\d+\.\d+[\w.-]*$/.test(service.image ?? ''),
    )
    .map(([name, { image }]) => `${name}: image ${image} has no exact version`)
}

/** Whoever runs on says whether it is well. */
export function unwatched(model: Compose): readonly string[] {
  return each(model)
    .filter(([, service]) => !isOneShot(service) && !service.healthcheck?.test?.length)
    .map(([name]) => `${name} runs on without a health check`)
}

/** What Compose copies into a container, as it does with all that is no file, needs one that can be written. */
export function unwritable(model: Compose): readonly string[] {
  const isCopied = (declared: unknown): boolean =>
    typeof declared === 'object' && declared !== null && ('content' in declared || 'environment' in declared)
  return each(model).flatMap(([name, { read_only: isReadOnly, configs = [], secrets = [] }]) => {
    if (!isReadOnly) return []
    const copied = [
      ...configs.filter(({ source }) => isCopied(model.configs[source])).map(({ source }) => source),
      ...secrets.filter(secret => isCopied(model.secrets[secret])),
    ]
    return copied.map(source => `${name} is read-only: ${source} cannot be copied into it`)
  })
}

/** Whom a service waits for, and whom those wait for. */
export function awaited(model: Compose, name: string): readonly string[] {
  const direct = Object.keys(model.services[name]?.depends_on ?? {})
  return [...new Set(direct.flatMap(other => [other, ...awaited(model, other)]))]
}

/** Every edge has a condition that can come true, nobody waits for an optional service, and nobody for himself. */
export function unorderly(model: Compose): readonly string[] {
  const problems: string[] = []
  for (const [name, { depends_on: edges = {}, profiles = [] }] of each(model))
    for (const [target, { condition }] of Object.entries(edges)) {
      const other = model.services[target]
      const edge = `${name} -> ${target}`
      if (!other) problems.push(`${edge}: there is no such service`)
      else if (!condition) problems.push(`${edge} has no condition`)
      else if (condition === 'service_healthy' && !other.healthcheck?.test?.length)
        problems.push(`${edge}: it has no health check`)
      else if ((condition === 'service_completed_successfully') !== isOneShot(other))
        problems.push(`${edge}: ${condition} does not fit ${isOneShot(other) ? 'a one-shot' : 'who runs on'}`)
      if (other?.profiles && !other.profiles.every(profile => profiles.includes(profile)))
        problems.push(`${edge}: it is only there with a profile`)
    }
  return [...problems, ...cycles(model)]
}

function cycles(model: Compose): readonly string[] {
  const below = (name: string, way: readonly string[]): string[] => {
    if (way.includes(name)) return [`${[...way, name].join(' -> ')} is a cycle`]
    return Object.keys(model.services[name]?.depends_on ?? {}).flatMap(next => below(next, [...way, name]))
  }
  return [...new Set(Object.keys(model.services).flatMap(name => below(name, [])))]
}

/** Ports are published on loopback only, and each once. */
export function exposed(model: Compose): readonly string[] {
  const seen = new Map<string, string>()
  return each(model).flatMap(([name, { ports = [] }]) =>
    ports.flatMap(port => {
      const [host, published = ''] = port.split(':')
      const other = seen.get(published)
      seen.set(published, name)
      if (host !== '127.0.0.1') return [`${name}: port ${port} is open to the network`]
      return other ? [`${name} and ${other} both publish ${published}`] : []
    }),
  )
}

/** What is mounted is there, in the repository or among the volumes; what is declared is used. */
export function unmounted(model: Compose, files: StackFiles): readonly string[] {
  const used = new Set<string>()
  const problems: string[] = []
  for (const [name, { volumes = [], configs = [], secrets = [] }] of each(model)) {
    for (const volume of volumes) {
      const [source = ''] = volume.split(':')
      if (!source.startsWith('.')) used.add(source)
      if (source.startsWith('.') ? !files.exists(source) : !(source in model.volumes))
        problems.push(`${name}: ${source} is not there`)
      if (source.startsWith('.') && !volume.endsWith(':ro'))
        problems.push(`${name}: ${source} can be written`)
    }
    for (const { source } of configs)
      if (!(source in model.configs)) problems.push(`${name}: no config ${source}`)
    for (const secret of secrets)
      if (!(secret in model.secrets)) problems.push(`${name}: no secret ${secret}`)
  }
  const unused = Object.keys(model.volumes).filter(volume => !used.has(volume))
  return [...problems, ...unused.map(volume => `nobody uses volume ${volume}`)]
}

/** A path in a command that a mount provides names a file that is there. */
export function unread(model: Compose, files: StackFiles): readonly string[] {
  return each(model).flatMap(([name, { command = [], volumes = [] }]) =>
    command.flatMap(argument => {
      const [, file] = /^--config\.file=(.+)$/.exec(argument) ?? []
      if (!file) return []
      const mount = volumes
        .map(volume => volume.split(':'))
        .find(([, target = '']) => file.startsWith(`${target}/`))
      const [source = '', target = ''] = mount ?? []
      return mount && files.exists(path.join(source, file.slice(target.length)))
        ? []
        : [`${name}: ${file} is not mounted`]
    }),
  )
}

/** Everybody has a limit, and what starts by default fits a machine of 8 GB. */
export function unlimited(model: Compose): readonly string[] {
  const limits = each(model).map(([name, { mem_limit: limit = '', profiles }]) => {
    const [, count = Number.NaN, unit = ''] = /^(\d+)([mg])$/.exec(limit) ?? []
    return { name, isDefault: !profiles, size: Number(count) * (megabytes[unit] ?? Number.NaN) }
  })
  const missing = limits
    .filter(({ size }) => Number.isNaN(size))
    .map(({ name }) => `${name} has no memory limit`)
  const total = limits.reduce((sum, { isDefault, size }) => sum + (isDefault ? size : 0), 0)
  return total > most ? [...missing, `what starts by default may take ${total} MB`] : missing
}

/** Every `service:port` in a text is a service of the stack, and a port that it listens on. */
export function unreachable(model: Compose, name: string, text: string): readonly string[] {
  const names = Object.keys(model.services).sort((one, other) => other.length - one.length)
  const address = new RegExp(`(?<![\\w.-])(${names.join('|')}):(\\d{2,5})\\b`, 'g')
  return [...text.matchAll(address)].flatMap(([found, service = '', port]) => {
    const listens = portsOf(model.services[service] ?? {})
    return listens.has(Number(port)) ? [] : [`${name}: nobody listens on ${found}`]
  })
}

/** Every address on this machine in a text is a port that the stack publishes. */
export function unpublished(model: Compose, name: string, text: string): readonly string[] {
  const published = new Set(
    each(model).flatMap(([, { ports = [] }]) => ports.map(port => port.split(':')[1])),
  )
  return [...text.matchAll(/(?:localhost|127\.0\.0\.1):(\d{2,5})\b/g)]
    .filter(([, port]) => !published.has(port))
    .map(([found]) => `${name}: the stack does not publish ${found}`)
}

/** Nothing that only its owner may know. Grafana's first password is known to everybody, and said to be changed. */
export function secretsIn(name: string, text: string): readonly string[] {
  const suspicious = [
    /hooks\.slack\.com\/services\/[A-Z0-9]{6,}\/\S+/,
    /xox[abpr]-[\w-]{10,}/,
    /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
    /\b(?:AKIA|ghp_|glsa_)\w{12,}/,
    /(?:password|passwd|secret|token|api_?key)["']? *[:=] *["']?(?!\$\{|:?-?admin\b|<|slack_url)[\w!@#%^&*+/-]{6,}/i,
    /\/\/[\w.-]+:(?!\$)[^@\s/]{3,}@/,
  ]
  return suspicious.flatMap(pattern => {
    const found = pattern.exec(text)
    return found ? [`${name}: ${found[0].slice(0, 24)}… looks like a secret`] : []
  })
}
