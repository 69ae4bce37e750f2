import { expect, test } from 'vitest'
import { acceptsGzip, formatOf } from '../../src/exposition/negotiation.js'

test.each([
  [undefined, 'text'],
  ['', 'text'],
  ['*/*', 'text'],
  ['text/html,application/xhtml+xml,*/*;q=0.8', 'text'],
  ['text/plain;version=0.0.4', 'text'],
  ['application/openmetrics-text', 'openmetrics'],
  ['application/openmetrics-text; version="1.0.0"; charset=utf-8', 'openmetrics'],
  ['application/openmetrics-text; version=0.0.1', 'text'],
  ['application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1', 'text'],
  ['Application/OpenMetrics-Text;Version=1.0.0;Q=0.5,text/plain;q=0.3', 'openmetrics'],
  ['application/openmetrics-text;q=0.3,text/plain;q=0.5', 'text'],
  ['application/openmetrics-text;q=0', 'text'],
  ['application/openmetrics-text;q=high', 'text'],
  ['application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.1', 'openmetrics'],
  ['application/vnd.google.protobuf;q=0.9,*/*;q=0.1', 'text'],
])('for %j the format is %s', (accept, format) => {
  expect(formatOf(accept)).toBe(format)
})

test.each([
  [undefined, false],
  ['', false],
  ['identity', false],
  ['gzip', true],
  ['deflate, GZIP;q=0.5', true],
  ['gzip;q=0', false],
  ['gzip; q=0.0, *', false],
  ['*', true],
  ['*;q=0', false],
  ['br', false],
])('with Accept-Encoding %j, whether it is compressed: %j', (encoding, is) => {
  expect(acceptsGzip(encoding)).toBe(is)
})
