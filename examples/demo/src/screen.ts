import type { WriteStream } from 'node:tty'

const home = '\u001b[H'
const clearRest = '\u001b[J'
const clearLine = '\u001b[K'
const hideCursor = '\u001b[?25l'
const showCursor = '\u001b[?25h'

/** Draws frames in place on a terminal, on the alternate screen, so that what was there before comes back. */
export class Screen {
  readonly #output: WriteStream

  constructor(output: WriteStream) {
    this.#output = output
    output.write(`\u001b[?1049h${hideCursor}`)
  }

  get columns(): number {
    return this.#output.columns
  }

  draw(lines: readonly string[]): void {
    const visible = lines.slice(0, Math.max(1, this.#output.rows - 1))
    this.#output.write(home + visible.map(line => line + clearLine).join('\n') + clearRest)
  }

  close(): void {
    this.#output.write(`\u001b[?1049l${showCursor}`)
  }
}
