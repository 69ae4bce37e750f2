/**
 * The messages of remote write 1.0, field by field (https://prometheus.io/docs/specs/prw/remote_write_spec/):
 * WriteRequest { TimeSeries timeseries = 1 }, TimeSeries { Label labels = 1; Sample samples = 2 }, Label { string name = 1; string value = 2 },
 * Sample { double value = 1; int64 timestamp = 2 }. Here a field's first byte is its number shifted by three, and its kind.
 */
const lengthDelimited = 2
const field1 = (1 << 3) | lengthDelimited
const field2 = (2 << 3) | lengthDelimited
const doubleField1 = (1 << 3) | 1
const varintField2 = 2 << 3

/** The NaN that says that a series has ended. Its bits are written as they are: arithmetic may make another NaN of it. */
const staleBits = 0x7ff0000000000002n

/** A value, or that there is none any more. */
export type PushedValue = number | 'stale'

/** The labels of a series as the message has them: sorted, those without a value left out. */
export function labelsMessage(labels: Readonly<Record<string, string>>): Uint8Array {
  const fields = Object.entries(labels)
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value]) => {
      const [nameBytes, valueBytes] = [Buffer.from(name), Buffer.from(value)]
      const head = Buffer.concat([delimited(field1, nameBytes), delimited(field2, valueBytes)])
      return delimited(field1, head)
    })
  return Buffer.concat(fields)
}

/** One series with one sample, as a field of the request. `timestampMs` is since 1970. */
export function timeSeriesField(labels: Uint8Array, value: PushedValue, timestampMs: number): Uint8Array {
  const double = Buffer.alloc(9)
  double[0] = doubleField1
  if (value === 'stale') double.writeBigUInt64LE(staleBits, 1)
  else double.writeDoubleLE(value, 1)
  const sample = Buffer.concat([double, Buffer.from([varintField2]), varint(timestampMs)])
  return delimited(field1, Buffer.concat([labels, delimited(field2, sample)]))
}

function delimited(field: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([field]), varint(bytes.length), bytes])
}

/** Seven bits a byte, the lowest first; the highest bit says that there are more. */
function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest > 127) {
    bytes.push((rest % 128) | 128)
    rest = Math.floor(rest / 128)
  }
  return Buffer.from([...bytes, rest])
}
