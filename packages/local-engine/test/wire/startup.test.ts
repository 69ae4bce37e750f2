import { describe, expect, it } from 'vitest'
import { settingsOf } from '../../src/wire/settings.js'
import { readOpening } from '../../src/wire/startup.js'
import { startup, untyped } from '../support/raw-client.js'

const body = (bytes: Buffer): Buffer => bytes.subarray(4)

describe('the first message', () => {
  it('asks for encryption, a cancellation or a session', () => {
    expect(readOpening(body(untyped(writer => writer.int32(80877103))))).toEqual({ kind: 'encryption' })
    expect(readOpening(body(untyped(writer => writer.int32(80877104))))).toEqual({ kind: 'encryption' })
    const cancel = untyped(writer => writer.int32(80877102).int32(7).int32(-9))
    expect(readOpening(body(cancel))).toEqual({ kind: 'cancel', pid: 7, secret: -9 })
    expect(readOpening(body(startup({ user: 'u', cluster: 'c' })))).toEqual({
      kind: 'startup',
      parameters: new Map([
        ['user', 'u'],
        ['cluster', 'c'],
      ]),
    })
    expect(readOpening(body(untyped(writer => writer.int32(2 << 16))))).toMatchObject({ kind: 'unsupported' })
  })
})

describe('the settings that a client starts with', () => {
  it('are its parameters and its options, in the words of PostgreSQL', () => {
    const parameters = new Map([
      ['user', 'u'],
      ['database', 'd'],
      ['_pq_.x', '1'],
      ['cluster', 'c'],
      ['TimeZone', 'UTC'],
      ['options', '-c a=1 --b-c=two\\ words -cd=3 nonsense -c'],
    ])
    expect(settingsOf(parameters)).toEqual([
      ['mz.cluster', 'c'],
      ['timezone', 'UTC'],
      ['a', '1'],
      ['b_c', 'two words'],
      ['d', '3'],
    ])
  })
})
