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
  const add = (byte: number): void => {
    low = (low ^ byte) >>> 0
    const product = low * primeLow
    // hash * (2^40 + p): the lower half times p carries over, and moves up by 40 bits.
    high = (Math.imul(high, primeLow) + Math.floor(product / 0x1_0000_0000) + (low << 8)) >>> 0
    low = product >>> 0
  }
  const addText = (text: string): void => {
    if (isAscii(text)) for (let at = 0; at < text.length; at++) add(text.charCodeAt(at))
    else for (const byte of Buffer.from(text)) add(byte)
    add(separator)
  }
  for (const [name, value] of labels) {
    addText(name)
    addText(value)
  }
  return hex(high) + hex(low)
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false
  return true
}

function hex(half: number): string {
  return half.toString(16).padStart(8, '0')
}
