import { Ajv, type ErrorObject } from 'ajv'
import type { ConfigDocument, Path } from './document.js'
import { configSchema } from './schema.js'
import type { Config, Problem } from './types.js'

/** What is wrong with the values of a document; with none, they are a configuration. */
export function validated(document: ConfigDocument): Config | readonly Problem[] {
  // Variables of the environment are texts: where a number or a boolean belongs, they are taken as that.
  const ajv = new Ajv({ allErrors: true, verbose: true, coerceTypes: true, allowUnionTypes: true })
  const validate = ajv.compile<Config>(configSchema)
  const { value } = document
  if (validate(value)) return value
  const errors = validate.errors ?? []
  // What has alternatives is told once, and not once for each of them.
  const choices = errors.filter(({ keyword }) => keyword === 'anyOf')
  const told = errors.filter(
    error =>
      !choices.some(choice => {
        const meant = meantOf(choice)
        if (choice === error) return meant !== undefined
        if (!error.schemaPath.startsWith(`${choice.schemaPath}/`) || !isInside(error, choice)) return false
        return meant === undefined || !error.schemaPath.startsWith(`${choice.schemaPath}/${meant}/`)
      }),
  )
  return told.map(error => problemOf(error, document))
}

/** Which of the alternatives an object must be meant to be, if only one of them is an object: what is wrong in it can be told. */
function meantOf({ data, parentSchema }: ErrorObject): number | undefined {
  if (typeof data !== 'object' || data === null) return undefined
  const alternatives = parentSchema?.['anyOf'] as readonly { readonly type?: string }[] | undefined
  const objects = (alternatives ?? []).flatMap(({ type }, index) => (type === 'object' ? [index] : []))
  return objects.length === 1 ? objects[0] : undefined
}

function isInside({ instancePath }: ErrorObject, choice: ErrorObject): boolean {
  return instancePath === choice.instancePath || instancePath.startsWith(`${choice.instancePath}/`)
}

function problemOf(error: ErrorObject, document: ConfigDocument): Problem {
  const path = pathOf(error.instancePath)
  const { params, parentSchema = {} } = error
  if (error.keyword === 'additionalProperties') {
    const key = String(params['additionalProperty'])
    const known = Object.keys((parentSchema['properties'] as object | undefined) ?? {})
    const near = nearest(key, known)
    const advice = near === undefined ? `It takes ${known.join(', ')}.` : `Write ${near} instead.`
    return { place: document.placeOfKey(path, key), message: `${named(path, key)} is not known. ${advice}` }
  }
  if (error.keyword === 'required') {
    const key = String(params['missingProperty'])
    const properties = parentSchema['properties'] as
      | Readonly<Record<string, { readonly description?: string }>>
      | undefined
    return {
      place: document.placeOf(path),
      message: `${named(path, key)} is missing. It takes ${properties?.[key]?.description ?? 'a value'}.`,
    }
  }
  const wanted = String(parentSchema['description'] ?? error.message)
  const is = mayBeSecret(path, error.data) ? hidden : `is ${JSON.stringify(error.data)}`
  return { place: document.placeOf(path), message: `${named(path)} ${is}. It takes ${wanted}.` }
}

/** What is said instead of a value that may be a secret. */
export const hidden = 'cannot be used (not shown: it may hold a password)'

/** Whether a value may be a password, or an address with one. The document as a whole has all of them. */
function mayBeSecret([section]: Path, value: unknown): boolean {
  if (value === null) return false
  return section === undefined || section === 'connections' || section === 'remoteWrite'
}

/** A key with where it is, as one would say it: `views[1].labels.organization`. */
export function named(path: Path, key?: string): string {
  const all = key === undefined ? path : [...path, key]
  if (all.length === 0) return 'The file'
  return all.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? part : `${text}.${part}`
  }, '')
}

function pathOf(pointer: string): Path {
  return pointer
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map(part => (/^\d+$/.test(part) ? Number(part) : part))
}

/** What somebody may have meant: at most a third of the letters are other ones. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map(candidate => ({ candidate, distance: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance: letters }) => letters <= Math.max(1, Math.ceil(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance)
  return best?.candidate
}

/** Letters to add, leave out or exchange (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1]
    for (let column = 1; column <= to.length; column++)
      next.push(
        Math.min(
          (row[column] ?? 0) + 1,
          (next[column - 1] ?? 0) + 1,
          (row[column - 1] ?? 0) + Number(to[column - 1] !== letter),
        ),
      )
    row = next
  }
  return row[to.length] ?? 0
}
