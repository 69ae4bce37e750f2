import { openingOf } from '../bridge/connection.js'
import { BridgeError } from '../errors.js'
import { labelNamesOf } from '../exposition/health.js'
import { checkedOptions } from '../push/options.js'
import { plans } from '../series/plan.js'
import type { ViewOptions } from '../types.js'
import { type ConfigDocument, readDocument } from './document.js'
import { pushOptions, tailOptions, viewOptions } from './options.js'
import type { Config, Problem } from './types.js'
import { hidden, named, nearest, validated } from './validate.js'

/** A configuration that can be run. */
export interface CheckedConfig {
  readonly config: Config
  readonly views: readonly ViewOptions[]
}

/**
 * Checks a configuration without connecting: a file's text becomes what can be run, or everything that is wrong with it. What passes is
 * refused by nothing that runs it.
 */
export function checkConfig(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): CheckedConfig | readonly Problem[] {
  const document = readDocument(text, environment)
  if (document.problems.length > 0) return document.problems
  const config = validated(document)
  if (!isConfig(config)) return config
  const problems = [
    ...addressProblems(config, document),
    ...connectionProblems(config, document),
    ...viewProblems(config, document),
  ]
  if (problems.length === 0) problems.push(...pushProblems(config, document))
  return problems.length > 0
    ? problems
    : { config, views: config.views.map(view => viewOptions(view, config.connections)) }
}

/** Problems as a compiler tells them. */
export function problemText(file: string, { place, message }: Problem): string {
  return `${file}:${place.line}:${place.column}: ${message}`
}

function isConfig(given: Config | readonly Problem[]): given is Config {
  return !Array.isArray(given)
}

/** What `tail()` itself says of each connection. */
function addressProblems(config: Config, document: ConfigDocument): readonly Problem[] {
  return Object.entries(config.connections).flatMap(([name, connection]) => {
    const path = ['connections', name]
    const tail = tailOptions(config)
    return told(
      () => openingOf({ view: name, labels: {}, connection }, { views: [], tail }),
      message => ({
        place: document.placeOf(path),
        message: message.replace(/^View ".*?": connection/, () => named(path)),
      }),
    )
  })
}

/** What `remoteWrite()` itself says. */
function pushProblems(
  { remoteWrite, connections, views }: Config,
  document: ConfigDocument,
): readonly Problem[] {
  if (!remoteWrite) return []
  const taken = labelNamesOf(plans(views.map(view => viewOptions(view, connections))))
  return told(
    () => checkedOptions(pushOptions(remoteWrite), taken),
    message => {
      const [, option = '', key] = /^(\w+)(?:\.([\w-]+))?/.exec(message) ?? []
      const path = ['remoteWrite', option]
      const place = key === undefined ? document.placeOf(path) : document.placeOfKey(path, key)
      return { place, message: `remoteWrite.${message}` }
    },
  )
}

function told(check: () => unknown, problem: (message: string) => Problem): readonly Problem[] {
  try {
    check()
    return []
  } catch (error) {
    if (!BridgeError.is(error)) throw error
    return [problem(error.message.replace(/^\[\w+\] /, ''))]
  }
}

function connectionProblems({ connections, views }: Config, document: ConfigDocument): readonly Problem[] {
  const names = Object.keys(connections)
  return views.flatMap(({ connection }, index) => {
    const path = ['views', index, 'connection']
    if (connection === undefined) {
      if (names.length === 1) return []
      const message = `${named(path)} is missing, and there are several connections. Name one of ${names.join(', ')}.`
      return [{ place: document.placeOf(path), message }]
    }
    if (names.includes(connection)) return []
    const near = nearest(connection, names)
    const advice = near === undefined ? `There is ${names.join(', ')}.` : `Write ${near} instead.`
    return [
      {
        place: document.placeOf(path),
        // Somebody may have written the connection itself here.
        message: /^[\w.-]+$/.test(connection)
          ? `${named(path)} is ${connection}, which is no connection. ${advice}`
          : `${named(path)} ${hidden}. It takes the name of a connection. ${advice}`,
      },
    ]
  })
}

/** What the bridge itself says: of each view, then of all of them together. */
function viewProblems({ connections, views }: Config, document: ConfigDocument): readonly Problem[] {
  const options = views.map(view => viewOptions(view, connections))
  const alone = options.flatMap((view, index) => problemsOf([view], index, document))
  if (alone.length > 0) return alone
  return options.flatMap((_, index) =>
    problemsOf(options.slice(0, index), index - 1, document).length > 0
      ? []
      : problemsOf(options.slice(0, index + 1), index, document),
  )
}

function problemsOf(
  options: readonly ViewOptions[],
  index: number,
  document: ConfigDocument,
): readonly Problem[] {
  if (options.length === 0) return []
  return told(
    () => plans(options),
    message => ({ place: placeOf(message, index, document), message }),
  )
}

/** The bridge names what is wrong, the file knows where it stands. */
function placeOf(message: string, index: number, document: ConfigDocument): Problem['place'] {
  const path = ['views', index]
  const label = /label.* cannot be called "([^"]*)"/.exec(message)?.[1]
  if (label !== undefined) return document.placeOfKey([...path, 'labels'], label)
  const option = /^(\w+) of /.exec(message)?.[1]
  return document.placeOf(option === undefined ? [...path, 'view'] : [...path, option])
}
