import { streamColumns } from '../evaluate/columns.js'
import { unescapeField } from '../evaluate/text.js'
import type { Generation } from '../types.js'
import {
  type ColumnDescription,
  commandComplete,
  copyDone,
  copyOutResponse,
  notice,
  rowDescription,
} from '../wire/backend.js'
import type { ByteWriter } from '../wire/bytes.js'
import type { Form } from '../wire/statement.js'

/** The first messages of a stream, before any row. */
export function headOf(
  form: Form,
  columns: readonly ColumnDescription[],
  { progress, generation }: { readonly progress: boolean; readonly generation: Generation },
): Buffer {
  if (form !== 'rows') return copyOutResponse(columns.length + (progress ? 3 : 2))
  const name = generation.toUpperCase()
  const warning = `streaming ${name} rows directly requires a client that does not buffer output`
  return Buffer.concat([rowDescription(streamColumns(columns, progress)), notice('01000', warning)])
}

/** The last messages of a stream that has said all; `rows` were written, progress rows too. */
export function endOf(form: Form, rows: number): Buffer[] {
  return form === 'rows' ? [commandComplete(`SELECT ${rows}`)] : [copyDone, commandComplete(`COPY ${rows}`)]
}

/** Writes one message for a line of COPY text, whose characters are bytes. */
export type WriteLine = (writer: ByteWriter, line: string) => void

export const writeLine: Readonly<Record<Form, WriteLine>> = { text: writeText, csv: writeCsv, rows: writeRow }

function writeText(writer: ByteWriter, line: string): void {
  writer
    .int8(0x64)
    .int32(4 + line.length + 1)
    .latin1(line)
    .int8(0x0a)
}

/** Quoted where it has to be: NULL is nothing, so that an empty text is not. */
function writeCsv(writer: ByteWriter, line: string): void {
  const fields = line.split('\t').map(field => {
    if (field === '\\N') return ''
    const value = unescapeField(field)
    return value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value
  })
  writeText(writer, fields.join(','))
}

/** https://www.postgresql.org/docs/current/protocol-message-formats.html (DataRow) */
function writeRow(writer: ByteWriter, line: string): void {
  const values = line.split('\t').map(field => (field === '\\N' ? null : unescapeField(field)))
  const bytes = values.reduce((sum, value) => sum + 4 + (value?.length ?? 0), 0)
  writer
    .int8(0x44)
    .int32(4 + 2 + bytes)
    .int16(values.length)
  for (const value of values) {
    if (value === null) writer.int32(-1)
    else writer.int32(value.length).latin1(value)
  }
}
