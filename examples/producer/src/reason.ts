/** An error in words, on one line. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message || error.name : String(error)).replaceAll(/\s+/g, ' ')
}
