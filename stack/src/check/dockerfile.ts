/** One stage of a Dockerfile, as far as we look at it. */
export interface Stage {
  readonly name: string
  /** Shell commands, in order. */
  readonly runs: readonly string[]
  /** What is copied from another stage. */
  readonly copies: readonly { readonly from: string; readonly to: string }[]
  readonly environment: Readonly<Record<string, string>>
  readonly command: readonly string[]
  /** Empty if it has none of its own. */
  readonly healthCheck: readonly string[]
}

/** The stages of a Dockerfile, by name. Lines that end in a backslash go on. */
export function stages(text: string): ReadonlyMap<string, Stage> {
  const lines = text
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map(line => line.trim())
  const found = new Map<string, Stage>()
  const begin = (name: string): Stage => ({
    name,
    runs: [],
    copies: [],
    environment: {},
    command: [],
    healthCheck: [],
  })
  let stage = begin('')
  for (const line of lines) {
    const [, instruction = '', rest = ''] = /^([A-Z]+) +(.*)$/.exec(line) ?? []
    if (instruction === 'FROM') stage = begin(/ AS (\w+)$/.exec(rest)?.[1] ?? '')
    else stage = { ...stage, ...said(stage, instruction, rest) }
    if (stage.name) found.set(stage.name, stage)
  }
  return found
}

function said(stage: Stage, instruction: string, rest: string): Partial<Stage> {
  const list = (text: string): readonly string[] => JSON.parse(text) as readonly string[]
  switch (instruction) {
    case 'RUN':
      return { runs: [...stage.runs, rest] }
    case 'ENV':
      return {
        environment: {
          ...stage.environment,
          ...Object.fromEntries([...rest.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value])),
        },
      }
    case 'COPY': {
      const [, from, to] = /^--from=\w+ (\S+) (\S+)$/.exec(rest) ?? []
      return from && to ? { copies: [...stage.copies, { from, to }] } : {}
    }
    case 'CMD':
      return { command: list(rest) }
    case 'HEALTHCHECK':
      return { healthCheck: list(rest.slice(rest.indexOf('['))) }
    default:
      return {}
  }
}
