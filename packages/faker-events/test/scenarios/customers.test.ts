import { faker } from '@faker-js/faker/locale/en'
import { describe, expect, test } from 'vitest'
import { scenarios } from '../../src/index.js'

describe('the customers of a scenario', () => {
  test('a customer is the same however many others there are', () => {
    const few = scenarios.deployments({ seed: 3, customers: 5 }).customers
    const many = scenarios.deployments({ seed: 3, customers: 2000 }).customers
    expect(many.slice(0, 5)).toEqual(few)
  })

  test('no two customers share an id or a name', () => {
    const { customers } = scenarios.deployments({ seed: 3, customers: 20_000 })
    expect(new Set(customers.map(({ customer_id }) => customer_id)).size).toBe(20_000)
    expect(new Set(customers.map(({ customer_name }) => customer_name)).size).toBe(20_000)
  })

  test('another seed gives other people', () => {
    const names = (seed: number): string[] =>
      scenarios.deployments({ seed }).customers.map(({ customer_name }) => customer_name)
    expect(names(1).filter(name => names(2).includes(name))).toEqual([])
  })

  test('every organization has as many as any other, and an enterprise among them', () => {
    const { customers } = scenarios.deployments({ seed: 9, customers: 40 })
    for (const organization of ['A', 'B', 'C', 'D']) {
      const own = customers.filter(customer => customer.organization === organization)
      expect(own).toHaveLength(10)
      expect(own[0]?.tier).toBe('enterprise')
    }
    expect(new Set(customers.map(({ tier }) => tier))).toEqual(new Set(['enterprise', 'standard', 'free']))
  })

  test("E1: names neither depend on a program's own faker nor disturb it", () => {
    faker.seed(123)
    const undisturbed = [faker.person.fullName(), faker.person.fullName()]
    faker.seed(123)
    const before = faker.person.fullName()
    const { customers } = scenarios.deployments({ seed: 5 })
    const after = faker.person.fullName()
    expect([before, after]).toEqual(undisturbed)
    faker.seed(456)
    expect(scenarios.deployments({ seed: 5 }).customers).toEqual(customers)
  })
})
