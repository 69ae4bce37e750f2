import { Script } from 'node:vm'
import { expect, test } from 'vitest'
import { script } from '../../src/page/script.js'
import { style } from '../../src/page/style.js'

test('the script is JavaScript, and neither it nor the style can end the element it stands in', () => {
  expect(() => new Script(script)).not.toThrow()
  expect(script).not.toMatch(/<\/|<!--/)
  expect(style).not.toContain('<')
})
