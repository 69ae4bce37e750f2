import { escapeLabelValue, labelText, labelValuesOf } from '../series/text.js'

/** Labels that every series gets that has none of the name: a registry's own. */
export class CommonLabels {
  readonly #texts: ReadonlyMap<string, string>
  /** All of them as an exposition has them; equal text means equal labels. */
  readonly text: string

  constructor(labels: Readonly<Record<string, unknown>> = {}) {
    this.#texts = new Map(
      Object.entries(labels).flatMap(([name, value]): [string, string][] => {
        const text = labelText(value)
        return text === null ? [] : [[name, `${name}="${escapeLabelValue(text)}"`]]
      }),
    )
    this.text = [...this.#texts.values()].join(',')
  }

  /** A label set as `labelSet` makes it, with those of ours that it lacks. */
  addedTo(labels: string): string {
    if (this.text === '') return labels
    // A value may say what looks like a label: only where that could be is it looked at closely.
    const near = [...this.#texts.keys()].filter(name => labels.includes(`${name}="`))
    const own = labelValuesOf(labels, near)
    const has = new Set(near.filter((_, index) => own[index] !== null))
    const more = has.size === 0 ? this.text : this.#without(has)
    if (more === '') return labels
    return labels === '' ? `{${more}}` : `${labels.slice(0, -1)},${more}}`
  }

  #without(names: ReadonlySet<string>): string {
    return [...this.#texts].flatMap(([name, text]) => (names.has(name) ? [] : [text])).join(',')
  }
}

export const noLabels: CommonLabels = new CommonLabels()
