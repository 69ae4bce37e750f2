import { expect, test } from 'vitest'
import { JsonText, jsonOf } from '../../src/cli/json.js'
import { changeLine, updateLine } from '../../src/cli/lines.js'

test('T82: what JSON has no number for is a string, and jsonb is what the server wrote', () => {
  const row = {
    id: 2n ** 63n,
    nan: Number.NaN,
    bytes: Uint8Array.of(1, 255),
    none: null,
    list: [1n, null, 'a"\n'],
    json: new JsonText('{"n": 12345678901234567890.10}'),
    jsons: [new JsonText('[1,\n2]')],
  }
  expect(updateLine({ row, timestamp: 7n, diff: -1, raw: '' })).toBe(
    '{"timestamp":"7","diff":-1,"row":{"id":"9223372036854775808","nan":"NaN","bytes":"\\\\x01ff","none":null,' +
      '"list":["1",null,"a\\"\\n"],"json":{"n": 12345678901234567890.10},"jsons":[[1, 2]]}}\n',
  )
})

test('T82: what there is not is left out, and names are escaped', () => {
  expect(changeLine({ type: 'insert', row: { 'a"b': 1 }, previous: undefined, timestamp: 1n })).toBe(
    '{"type":"insert","timestamp":"1","row":{"a\\"b":1}}\n',
  )
  expect(jsonOf(true)).toBe('true')
})
