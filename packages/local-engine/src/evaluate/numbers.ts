/** Numeric without insignificant zeros: `1.50` is `1.5`, `0.00` is `0`. NaN and Infinity stay. */
export function trimNumeric(text: string): string {
  if (!text.includes('.')) return text
  const trimmed = text.replace(/\.?0+$/, '')
  return trimmed === '-0' || trimmed === '' ? '0' : trimmed
}

/** A float whose exponent has no padding: `1e-07` is `1e-7`; `1e+16` stays. */
export function trimFloat(text: string): string {
  return text.replace(/e([+-])0+(?=\d)/, 'e$1')
}

/** A JSON number in plain decimal notation, without insignificant zeros. */
export function plainNumber(text: string): string {
  const [mantissa = '', exponent] = text.toLowerCase().split('e')
  if (exponent === undefined) return trimNumeric(text)
  const negative = mantissa.startsWith('-')
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
  const point = whole.length + Number(exponent)
  const digits = (whole + fraction).padEnd(Math.max(point, 0), '0')
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits
  const at = Math.max(point, 1)
  const plain = trimNumeric(`${padded.slice(0, at).replace(/^0+(?=\d)/, '')}.${padded.slice(at)}0`)
  return negative && plain !== '0' ? `-${plain}` : plain
}
