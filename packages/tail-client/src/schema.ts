import { invalidOption, shownRow, TailError } from './errors.js'
import type { RowDecoder } from './rows/row.js'
import { skippedRow } from './rows/updates.js'
import type { OnInvalidRow, StandardSchema } from './types/schema.js'

/**
 * A decoder whose rows have been through a schema: they are what it makes of them. A row that it refuses throws `ROW_INVALID` with
 * what is wrong, or is skipped; `onSkip` is told each time. The same row is refused when it comes and when it goes, so that what is
 * not skipped still adds up, as long as the schema gives the same row the same answer.
 */
export function checkedDecoder(
  decode: RowDecoder,
  schema: StandardSchema,
  onInvalidRow: OnInvalidRow,
  onSkip: (error: TailError) => void,
): RowDecoder {
  const { validate, vendor } = schema['~standard']
  return (...at) => {
    const row = decode(...at)
    const result = validate(row)
    if (result instanceof Promise) {
      result.catch(() => {})
      throw invalidOption('schema', `one of ${vendor} that answers later`, 'a schema that answers at once')
    }
    if (!result.issues) return result.value as ReturnType<RowDecoder>
    const error = rowInvalid(row, result.issues)
    if (onInvalidRow === 'throw') throw error
    onSkip(error)
    return skippedRow
  }
}

interface Issue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

function rowInvalid(row: unknown, issues: readonly Issue[]): TailError {
  const said = issues.map(({ message, path = [] }) => {
    const where = path.map(part => String(typeof part === 'object' ? part.key : part)).join('.')
    return where ? `${where}: ${message}` : message
  })
  return new TailError('ROW_INVALID', `The schema refuses ${shownRow(row)}: ${said.join('; ')}.`)
}
