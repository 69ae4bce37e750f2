/** What of everything a scrape asks for. */
export interface Selection {
  /** Only these views, and what is said about them. */
  readonly views: ReadonlySet<string> | undefined
  /** Only these metrics, by their names. */
  readonly names: ReadonlySet<string> | undefined
}

/** What a URL asks for: any number of `view=` and of `name[]=`. */
export function selectionOf(url: string | undefined): Selection {
  const [, query = ''] = (url ?? '').split('?', 2)
  const parameters = new URLSearchParams(query)
  const set = (name: string): ReadonlySet<string> | undefined =>
    parameters.has(name) ? new Set(parameters.getAll(name)) : undefined
  return { views: set('view'), names: set('name[]') }
}
