import { TailError, type TailErrorCode } from './errors.js'

/** The fields of an ErrorResponse or NoticeResponse that we use, by their names in the protocol's documentation. */
export interface ServerFields {
  readonly severity: string
  readonly sqlState: string
  readonly message: string
  readonly detail?: string
  readonly hint?: string
  readonly position?: number
}

interface Rule {
  readonly code: TailErrorCode
  readonly retryable: boolean
  readonly sqlState?: RegExp
  readonly message?: RegExp
  readonly advice?: string
}

const historyAdvice =
  "Begin anew, or set onHistoryLost: 'refetch'; RETAIN HISTORY on the relation, where the server has it enabled, keeps more."

/**
 * Which answer of the server means what: first match wins. Materialize says XX000 for most of what it refuses,
 * so that the message decides there; both generations' wordings are kept
 * (https://materialize.com/docs/sql/subscribe/, and the recordings under test/fixtures).
 */
const rules: readonly Rule[] = [
  {
    code: 'HISTORY_LOST',
    retryable: false,
    message: /^Timestamp \(\d+\) is not valid for all inputs/,
    advice: historyAdvice,
  },
  {
    code: 'HISTORY_LOST',
    retryable: false,
    sqlState: /^22000$/,
    message: /could not find a valid timestamp/,
    advice: historyAdvice,
  },
  {
    code: 'RELATION_NOT_FOUND',
    retryable: false,
    message: /unknown (catalog item|schema|database)/,
    advice: 'Check the name and the search path, or set waitForRelation while the stack still boots.',
  },
  { code: 'RELATION_NOT_FOUND', retryable: false, sqlState: /^42P01$/ },
  { code: 'RELATION_DROPPED', retryable: true, sqlState: /^42704$/, message: / was dropped/ },
  {
    code: 'RELATION_DROPPED',
    retryable: true,
    message:
      /because (underlying )?(relation|cluster) .* was dropped|^(relation|cluster|table|(materialized[ -])?view|source|index) '.*' was dropped/,
  },
  { code: 'DATAFLOW_ERROR', retryable: true, message: /^(Evaluation|Decode|Source|Envelope) error: / },
  { code: 'FELL_BEHIND', retryable: true, sqlState: /^53200$/, message: /fell behind/ },
  {
    code: 'RESULT_TOO_LARGE',
    retryable: true,
    message: /result exceeds max size of/,
    advice:
      'A stream that had begun goes on where it was. For a snapshot raise max_result_size, or tail less.',
  },
  { code: 'CANCELED', retryable: true, sqlState: /^57014$/ },
  { code: 'SERVER_SHUTDOWN', retryable: true, sqlState: /^57P0[123]$/ },
  { code: 'SERVER_BUSY', retryable: true, sqlState: /^53/ },
  {
    code: 'SERVER_BUSY',
    retryable: true,
    message: /has no replicas available|target replica failed or was dropped/,
  },
  { code: 'TLS_FAILED', retryable: false, sqlState: /^08004$/, message: /TLS/ },
  { code: 'CONNECTION_LOST', retryable: true, sqlState: /^08/ },
  { code: 'AUTH_FAILED', retryable: true, sqlState: /^28/, message: /^authentication expired/ },
  { code: 'AUTH_FAILED', retryable: false, sqlState: /^28/, advice: 'Check user, password and role.' },
  {
    code: 'AUTH_FAILED',
    retryable: false,
    sqlState: /^42501$/,
    advice: 'Grant SELECT on the relation and USAGE on its schema and cluster.',
  },
  { code: 'SQL_ERROR', retryable: false },
]

/** What an ErrorResponse of the server means for the stream. */
export function fromServer(fields: ServerFields): TailError {
  const rule = rules.find(
    ({ sqlState, message }) =>
      (!sqlState || sqlState.test(fields.sqlState)) && (!message || message.test(fields.message)),
  ) ?? { code: 'SQL_ERROR', retryable: false, advice: undefined }
  const advice = rule.advice ? ` ${rule.advice}` : ''
  const hint = fields.hint ? ` Hint: ${fields.hint}` : ''
  return new TailError(
    rule.code,
    `The server says (${fields.sqlState}): ${fields.message}.${hint}${advice}`,
    {
      retryable: rule.retryable,
      sqlState: fields.sqlState,
      ...(fields.detail === undefined ? {} : { detail: fields.detail }),
      ...(fields.hint === undefined ? {} : { hint: fields.hint }),
      ...(fields.position === undefined ? {} : { position: fields.position }),
    },
  )
}

const connectErrnos: Readonly<Record<string, TailErrorCode>> = {
  ECONNREFUSED: 'CONNECTION_REFUSED',
  ENOTFOUND: 'CONNECTION_REFUSED',
  EAI_AGAIN: 'CONNECTION_REFUSED',
  EHOSTUNREACH: 'CONNECTION_REFUSED',
  EHOSTDOWN: 'CONNECTION_REFUSED',
  ENETUNREACH: 'CONNECTION_REFUSED',
  ENETDOWN: 'CONNECTION_REFUSED',
  EADDRNOTAVAIL: 'CONNECTION_REFUSED',
  // A socket in the file system that is not there yet.
  ENOENT: 'CONNECTION_REFUSED',
  ECONNRESET: 'CONNECTION_LOST',
  ECONNABORTED: 'CONNECTION_LOST',
  ENETRESET: 'CONNECTION_LOST',
  ETIMEDOUT: 'CONNECTION_LOST',
  EPIPE: 'CONNECTION_LOST',
}

/** What a failure to connect, of a socket or of the login means; `where` is `host:port`. */
export function fromConnect(error: unknown, where: string): TailError {
  if (TailError.is(error)) return error
  const { code, message, severity, detail, hint } = asRecord(error)
  if (typeof code === 'string' && typeof severity === 'string')
    return fromServer({
      severity,
      sqlState: code,
      message: String(message),
      ...(typeof detail === 'string' ? { detail } : {}),
      ...(typeof hint === 'string' ? { hint } : {}),
    })
  const errno = typeof code === 'string' ? code : ''
  const known = connectErrnos[errno]
  if (known)
    return new TailError(known, `No connection to ${where} (${errno}).`, { retryable: true, cause: error })
  if (
    /^(ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET|VERIFY))/.test(errno) ||
    /SSL|TLS/.test(String(message))
  )
    return new TailError(
      'TLS_FAILED',
      `TLS with ${where} failed: ${String(message)}. Check the ssl options.`,
      { cause: error },
    )
  if (/password/i.test(String(message)))
    return new TailError('AUTH_FAILED', `The login at ${where} failed: ${String(message)}.`, { cause: error })
  if (/timeout/i.test(String(message)))
    return new TailError(
      'CONNECT_TIMEOUT',
      `${where} did not answer in time. Raise connectTimeoutMs if it is only slow.`,
      {
        retryable: true,
        cause: error,
      },
    )
  return new TailError('CONNECTION_LOST', `The connection to ${where} failed: ${String(message)}.`, {
    retryable: true,
    cause: error,
  })
}

/** What broke a connection that was logged in: TLS too, whose errors in mid-stream say that bytes were lost, and nothing of certificates. */
export function fromSocket(error: Error, where: string): TailError {
  const found = fromConnect(error, where)
  if (found.retryable) return found
  return new TailError('CONNECTION_LOST', `The connection to ${where} broke: ${error.message}.`, {
    retryable: true,
    cause: error,
  })
}

function asRecord(error: unknown): Readonly<Record<string, unknown>> {
  return typeof error === 'object' && error !== null ? (error as Record<string, unknown>) : { message: error }
}
