import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fingerprint } from '../../src/alerts/fingerprint.js'

test('S13: a label set has the fingerprint that Alertmanager gives it', () => {
  expect(
    fingerprint([
      ['alertname', 'ok'],
      ['e', '1'],
    ]),
  ).toBe('7109e6baaf2bb206')
  expect(fingerprint([['alertname', 'ok2']])).toBe('d72f2752c054284a')
  expect(fingerprint([])).toBe('cbf29ce484222325')
})

test('S13: any text in a label is hashed by its UTF-8, as the definition of FNV-1a 64 says', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'Z', '0', 'é', '漢', '😀', '\n', '"', '\\', '\u0000') })
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), text), { selector: ([name]) => name }),
      pairs => {
        const sorted = pairs.toSorted(([a], [b]) => (a < b ? -1 : 1))
        expect(fingerprint(sorted)).toBe(byDefinition(sorted))
      },
    ),
  )
})

/** The definition, with big integers. */
function byDefinition(labels: readonly (readonly [string, string])[]): string {
  let hash = 14695981039346656037n
  const parts = labels.flat().map(text => Buffer.concat([Buffer.from(text), Buffer.from([0xff])]))
  for (const byte of Buffer.concat(parts)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 1099511628211n)
  return hash.toString(16).padStart(16, '0')
}
