import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import type { Place, Problem } from './types.js'

/** Where something is in a document: keys and indexes, from the root. */
export type Path = readonly (string | number)[]

/** A YAML file with the environment put in, that knows where everything stands. */
export interface ConfigDocument {
  readonly value: unknown
  readonly problems: readonly Problem[]
  /** Where a value begins; of what is not there, where what should contain it begins. */
  readonly placeOf: (path: Path) => Place
  /** Where a key stands. */
  readonly placeOfKey: (path: Path, key: string) => Place
}

/**
 * Reads YAML. In values, `${NAME}` is the variable of the environment, `${NAME:-text}` the text where there is none, and `$$` is `$`.
 * It is put in after the file was parsed: no variable can change what the file says elsewhere.
 */
export function readDocument(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): ConfigDocument {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const problems: Problem[] = document.errors.map(({ message, pos }) => ({
    place: at(pos[0]),
    message: `${message}.`.replace(/\.+$/, '.'),
  }))
  if (problems.length === 0) problems.push(...substituted(document, environment, at))
  return {
    value: problems.length === 0 ? document.toJS() : undefined,
    problems,
    placeOf: path => at(offsetOf(document, path)),
    placeOfKey: (path, key) => {
      const parent = path.length === 0 ? document.contents : document.getIn(path, true)
      const pair = isMap(parent) ? parent.items.find(item => keyText(item.key) === key) : undefined
      return at(isNode(pair?.key) ? (pair.key.range?.[0] ?? 0) : offsetOf(document, path))
    },
  }
}

function substituted(
  document: Document,
  environment: Readonly<Record<string, string | undefined>>,
  at: (offset: number) => Place,
): readonly Problem[] {
  const problems: Problem[] = []
  visit(document, {
    Scalar(key, node) {
      if (key === 'key') return
      const place = at(node.range?.[0] ?? 0)
      if (node.value === null)
        problems.push({ place, message: 'There is no value. Write one, or leave the key out.' })
      if (typeof node.value !== 'string') return
      node.value = node.value.replace(
        /\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g,
        (match, name: string | undefined, otherwise: string | undefined) => {
          if (name === undefined) return match === '$$' ? '$' : match
          const value = environment[name]
          if (value !== undefined && value !== '') return value
          if (otherwise !== undefined) return otherwise
          problems.push({
            place,
            message: `The variable ${name} is not set. Set it, or write \${${name}:-a default}; for the text itself write $\${${name}}.`,
          })
          return ''
        },
      )
    },
  })
  return problems
}

/** Of a value, or of the nearest thing around it that is there. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return document.contents?.range?.[0] ?? 0
}

function keyText(key: unknown): unknown {
  return isScalar(key) ? key.value : key
}
