import { expect, it } from 'vitest'
import { Assignments } from '../../src/wire/assignments.js'
import { bind, parse, query } from '../../src/wire/frontend.js'

it('names with a dot are remembered where something is set, and no others', () => {
  const assignments = new Assignments()
  assignments.see(query('select t.x from t'))
  assignments.see(query("SET app.Tenant = 'A'"))
  expect(assignments.names).toEqual(['app.tenant'])
  expect(assignments.isQuiet).toBe(false)
})

it('after set_config() was prepared any message may set, also what only its parameters name', () => {
  const assignments = new Assignments()
  const rest = Buffer.alloc(2)
  assignments.see(parse({ name: 's', sql: 'select SET_CONFIG($1, $2, false)', rest }))
  assignments.see(bind({ portal: '', statement: 's', rest: Buffer.from('app.tenant') }))
  expect(assignments.names).toEqual(['app.tenant'])
  expect(assignments.isQuiet).toBe(true)
})

it('of ever new names only the latest are remembered', () => {
  const assignments = new Assignments()
  for (let i = 0; i < 300; i++) assignments.see(query(`set app.n${i} = '1'`))
  expect(assignments.names).toHaveLength(100)
  expect(assignments.names.at(-1)).toBe('app.n299')
})
