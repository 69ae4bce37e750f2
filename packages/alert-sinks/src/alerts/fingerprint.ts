/** The offset basis of FNV-1a 64, as its halves. */
const offsetHigh = 0xcbf29ce4
const offsetLow = 0x84222325
/** The prime is 2^40 + 0x1b3. */
const primeLow = 0x1b3
/** Between and after names and values: a byte that no UTF-8 has. */
const separator = 0xff

/**
 * The identity that Prometheus and Alertmanager give a label set, as 16 hexadecimal digits: FNV-1a 64 over its names and values in UTF-8,
 * sorted by name, each followed by the byte 0xff (https://github.com/prometheus/common, model/signature.go).
 * `labels` must be sorted by name.
 */
export function fingerprint(labels: readonly (readonly [name: string, value: string])[]): string {
  let high = offsetHigh
  let low = offsetLow
  const bytes = bytesOf(labels)
  for (let at = 0; at < bytes.length; at++) {
    low = (low ^ (bytes[at] ?? 0)) >>> 0
    const product = low * primeLow
    // hash * (2^40 + p): the lower half times p carries over, and moves up by 40 bits.
    high = (Math.imul(high, primeLow) + Math.floor(product / 0x1_0000_0000) + (low << 8)) >>> 0
    low = product >>> 0
  }
  return ((BigInt(high) << 32n) | BigInt(low)).toString(16).padStart(16, '0')
}

function bytesOf(labels: readonly (readonly [name: string, value: string])[]): Uint8Array {
  let text = ''
  for (const [name, value] of labels) text += `${name}\n${value}\n`
  // Almost always so; the line feeds only keep the places of the separators.
  const isPlain = /^[\x20-\x7e\n]*$/.test(text) && text.split('\n').length === labels.length * 2 + 1
  if (isPlain) {
    const bytes = Buffer.from(text, 'latin1')
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) bytes[at] = separator
    return bytes
  }
  const end = Buffer.from([separator])
  return Buffer.concat(labels.flatMap(([name, value]) => [Buffer.from(name), end, Buffer.from(value), end]))
}
