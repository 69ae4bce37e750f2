import fc from 'fast-check'
import { expect, test } from 'vitest'
import { columnsFingerprint, decodeToken, encodeToken, fingerprint } from '../src/token.js'

const token = encodeToken({
  source: fingerprint('"v"'),
  columns: columnsFingerprint([{ name: 'a', oid: 25 }]),
  frontier: 20n,
})

test('T45: a token gives back what it was made of', () => {
  fc.assert(
    fc.property(fc.string(), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (text, frontier) => {
      const contents = { source: fingerprint(text), columns: fingerprint(`${text} columns`), frontier }
      expect(decodeToken(encodeToken(contents))).toEqual(contents)
    }),
  )
})

test('T45: a token that was cut, changed or made up is refused at once', () => {
  for (let at = 0; at < token.length; at++) {
    expect(() => decodeToken(token.slice(0, at))).toThrow('[INVALID_OPTION]')
    const other = token[at] === 'x' ? 'y' : 'x'
    expect(() => decodeToken(token.slice(0, at) + other + token.slice(at + 1))).toThrow('[INVALID_OPTION]')
  }
  expect(() => decodeToken(`${token} `)).toThrow('[INVALID_OPTION] from is ')
})

test('T45: tokens of this version stay readable', () => {
  expect(token).toBe('mzt1.0aTci2HvUfpf.TWw6E6wLu8cv.20.u7LlLNoc')
})
