/** Where tokens are kept between processes. What it throws is thrown by the iteration or by `commit()`. */
export interface CheckpointStore {
  /** The token saved last under a name; undefined if there is none. */
  load(name: string): Promise<string | undefined>
  /**
   * Resolves when the token is safe; the old one is kept until then. `previous` is what this process loaded or saved last, if anything:
   * a store that finds another token in its place should throw `COMMIT_REFUSED`, since another process has taken over.
   */
  save(name: string, token: string, previous?: string): Promise<void>
}
