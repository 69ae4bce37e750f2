/**
 * The address that a broker told its client to connect to, where that is none of those that the client was given and
 * cannot be reached; undefined if an error is about something else. This is the trap of advertised listeners: the first
 * connection is fine, and every other goes where only the broker's own neighbours get to.
 */
export function advertisedAddress(error: unknown, brokers: readonly string[]): string | undefined {
  for (const each of causes(error)) {
    const broker = 'broker' in each ? each.broker : undefined
    if (typeof broker === 'string' && broker !== '' && !brokers.includes(broker)) return broker
  }
  return undefined
}

function causes(error: unknown): readonly Error[] {
  const found: Error[] = []
  for (let each = error; each instanceof Error && !found.includes(each); each = each.cause) found.push(each)
  return found
}
