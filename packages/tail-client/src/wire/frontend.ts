/**
 * The frontend messages that we write ourselves once the login is done
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html).
 */

/** Query: one statement, simple protocol. */
export function query(statement: string): Buffer {
  return message('Q', text(statement))
}

/** Parse, Describe and Sync of an unnamed statement: nothing is executed, its columns are answered. */
export function describe(statement: string): Buffer {
  return Buffer.concat([
    message('P', text(''), text(statement), Buffer.from([0, 0])),
    message('D', Buffer.from('S'), text('')),
    message('S'),
  ])
}

function message(type: string, ...body: readonly Buffer[]): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(4 + body.reduce((sum, part) => sum + part.length, 0))
  return Buffer.concat([Buffer.from(type), length, ...body])
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`)
}
