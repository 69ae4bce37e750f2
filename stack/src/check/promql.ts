import { parser } from '@prometheus-io/lezer-promql'

/** The metrics that an expression of PromQL names. One that does not parse throws a sentence with its text. */
export function metricsIn(expression: string): readonly string[] {
  const names = new Set<string>()
  parser.parse(expression).iterate({
    enter: ({ type, node }) => {
      const text = expression.slice(node.from, node.to)
      if (type.isError) throw new Error(`this is no PromQL: ${expression}`)
      if (type.name !== 'VectorSelector') return
      const identifier = node.getChild('Identifier')
      if (!identifier) throw new Error(`${text} names no metric`)
      names.add(expression.slice(identifier.from, identifier.to))
    },
  })
  return [...names]
}
