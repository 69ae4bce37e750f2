import { type Failure, failure } from './failure.js'
import { type Setting, utf8 } from './settings.js'
import type { Token } from './tokens.js'

/** Settings that say who a session is. */
const roles: ReadonlySet<string> = new Set(['role', 'session_authorization'])

const locks = /^pg_(try_)?advisory_(un)?lock/

/**
 * Refuses what PostgreSQL keeps for a session and not for a transaction or as a setting. Clients share one session:
 * it would be everybody's, and work until a second client came.
 */
export function sharedState(tokens: readonly Token[]): Failure | undefined {
  const words = tokens.map(token => (token.kind === 'word' ? token.value : ''))
  const [first, second] = words
  switch (first) {
    case 'copy':
      if (!words.includes('program')) return undefined
      return failure('0A000', 'COPY with a program is not supported by the local engine: it runs none')
    case 'prepare':
    case 'execute':
    case 'deallocate':
      // PREPARE TRANSACTION is another thing, which PostgreSQL answers.
      if (second === 'transaction') return undefined
      return refusal(`${first.toUpperCase()} as a statement`, 'Prepare with Parse of the extended protocol.')
    case 'listen':
      return refusal('LISTEN', 'Stream a table instead.')
    case 'declare':
      if (!follows(words, 'with', 'hold')) return undefined
      return refusal('DECLARE … WITH HOLD', 'Read the cursor inside its transaction.')
    case 'set':
      if (!setsRole(words)) return undefined
      return otherRole
  }
  const named = tokens.filter((_, i) => tokens[i - 1]?.value === '(' && tokens[i - 2]?.value === 'set_config')
  if (named.some(({ kind, value }) => kind === 'string' && roles.has(value.toLowerCase()))) return otherRole
  if (isTemporary(words) && !follows(words, 'commit', 'drop'))
    return refusal('What is temporary', 'Make it ON COMMIT DROP, or not temporary.')
  const lock = words.find(word => locks.test(word))
  return lock === undefined
    ? undefined
    : refusal(`${lock}()`, 'Use pg_advisory_xact_lock(), which lasts for a transaction.')
}

/** Refuses what a client of a shared session may not start with. */
export function sharedSettings(settings: readonly Setting[]): Failure | undefined {
  return settings.some(([name]) => roles.has(name)) ? { ...otherRole, severity: 'FATAL' } : undefined
}

/** Refuses another encoding of text than UTF8, as Materialize does: streams have no other, and PGlite would not survive it. */
export function otherEncoding(tokens: readonly Token[]): Failure | undefined {
  const at = tokens.findIndex(({ value }) => value === 'client_encoding' || value === 'names')
  const first = tokens[0]?.value
  if (at < 0 || (first !== 'set' && !tokens.some(({ value }) => value === 'set_config'))) return undefined
  const wanted = tokens.slice(at + 1).find(({ kind, value }) => kind !== 'symbol' && value !== 'to')
  if (wanted === undefined || utf8.test(wanted.value)) return undefined
  return failure('22023', `invalid value for parameter "client_encoding": "${wanted.value}"`, {
    hint: 'Available values: UTF8.',
  })
}

/** Refuses what a client would wait for in vain, in a session of its own. */
export function unheard(tokens: readonly Token[]): Failure | undefined {
  if (tokens[0]?.kind !== 'word' || tokens[0].value !== 'listen') return undefined
  const hint = 'Stream a table instead, or listen on a connection to the database itself.'
  return failure('0A000', 'LISTEN is not supported by the local engine: it passes no notifications on', {
    hint,
  })
}

/** `SET [SESSION] ROLE` and `SET [SESSION] SESSION AUTHORIZATION`. With LOCAL it ends with its transaction. */
function setsRole(words: readonly string[]): boolean {
  const [, second, third, fourth] = words
  const rest = second === 'session' && third !== 'authorization' ? [third, fourth] : [second, third]
  return (
    rest[0] === 'role' ||
    rest[0] === 'session_authorization' ||
    (rest[0] === 'session' && rest[1] === 'authorization')
  )
}

function isTemporary(words: readonly string[]): boolean {
  const isTemp = (word: string | undefined): boolean => word === 'temp' || word === 'temporary'
  if (words[0] === 'create') {
    // CREATE [OR REPLACE] [GLOBAL | LOCAL] [RECURSIVE] TEMPORARY …, or a name in the session's own schema.
    const kind = words.findIndex(word => word === 'table' || word === 'view' || word === 'sequence')
    return kind > 0 && (words.slice(1, kind).some(isTemp) || words.slice(kind, kind + 6).includes('pg_temp'))
  }
  return words.some((word, i) => word === 'into' && isTemp(words[i + 1]))
}

function follows(words: readonly string[], one: string, two: string): boolean {
  return words.some((word, i) => word === one && words[i + 1] === two)
}

function refusal(what: string, hint: string): Failure {
  return failure('0A000', `${what} is not supported by the local engine: clients share one session`, { hint })
}

const otherRole = refusal('SET ROLE and SET SESSION AUTHORIZATION', 'There is one role.')
