import { TailError } from './errors.js'
import { type Source, sourceText } from './sql/statement.js'
import {
  checkTokenColumns,
  checkTokenSource,
  columnsFingerprint,
  decodeToken,
  encodeToken,
  fingerprint,
} from './token.js'
import type { CheckpointStore } from './types/checkpoint.js'
import type { Column } from './types/connection.js'

interface Saved {
  readonly store: CheckpointStore
  readonly name: string
}

/** Where a stream begins and what of it is saved: from tokens to frontiers and back. */
export class Checkpoint {
  readonly #source: string
  readonly #from: string | undefined
  readonly #saved: Saved | undefined
  #columns = ''
  #resumed: ReturnType<typeof decodeToken> | undefined
  #committed = -1n
  /** The save that is under way, and those that wait for it: a slow store must not be overtaken. */
  #saving: Promise<void> = Promise.resolve()
  /** The token that is in the store, as far as this process knows. */
  #stored: string | undefined

  /** Throws for a token that is none, or of another relation. */
  constructor(source: Source, from: string | undefined, saved: Saved | undefined) {
    this.#source = sourceText(source)
    this.#from = from
    this.#saved = saved
    if (from !== undefined) this.#read(from)
  }

  /** The frontier to resume after: of the token given, or of the one saved; undefined to begin anew. */
  async frontier(): Promise<bigint | undefined> {
    this.#stored = await this.#saved?.store.load(this.#saved.name)
    const token = this.#from ?? this.#stored
    return token === undefined ? undefined : this.#read(token)
  }

  /** The columns, once they are known. Throws `SCHEMA_MISMATCH` if the token was made for others. */
  describe(columns: readonly Column[]): void {
    if (this.#resumed) checkTokenColumns(this.#resumed, columns)
    this.#columns = columnsFingerprint(columns)
  }

  token(frontier: bigint): string {
    return encodeToken({ source: fingerprint(this.#source), columns: this.#columns, frontier })
  }

  /** Commits are saved one after the other, in the order in which they are asked for. */
  async commit(frontier: bigint): Promise<void> {
    const saved = this.#saved
    if (!saved)
      throw new TailError(
        'COMMIT_REFUSED',
        'There is nowhere to commit to. Set the option checkpoint: { store, name }.',
      )
    const save = this.#saving.then(() => this.#save(saved, frontier))
    this.#saving = save.catch(() => {})
    return save
  }

  async #save({ store, name }: Saved, frontier: bigint): Promise<void> {
    if (frontier < this.#committed)
      throw new TailError(
        'COMMIT_REFUSED',
        `A batch up to ${this.#committed} was committed before this one up to ${frontier}.`,
      )
    const token = this.token(frontier)
    await store.save(name, token, this.#stored)
    this.#committed = frontier
    this.#stored = token
  }

  #read(token: string): bigint {
    const contents = decodeToken(token)
    checkTokenSource(contents, this.#source)
    this.#resumed = contents
    return contents.frontier
  }
}
