import ts from 'typescript'
import { expect, test } from 'vitest'
import { publishedPackages } from './support/repository.js'
import { entries, exported } from './support/surface.js'

/** Still without a sentence. */
const missing = [
  '@mzalert/faker-events Bursts',
  '@mzalert/faker-events ConnectOptions',
  '@mzalert/faker-events DefinedScenario',
  '@mzalert/faker-events EventsErrorCode',
  '@mzalert/faker-events ExpectedAlert',
  '@mzalert/faker-events Fault',
  '@mzalert/faker-events IncidentQuery',
  '@mzalert/faker-events KafkaOptions',
  '@mzalert/faker-events KafkaTopicsOptions',
  '@mzalert/faker-events LifecycleOptions',
  '@mzalert/faker-events OrdersQuery',
  '@mzalert/faker-events Organization',
  '@mzalert/faker-events Phases',
  '@mzalert/faker-events PostgresOptions',
  '@mzalert/faker-events PostgresRowsOptions',
  '@mzalert/faker-events RunOptions',
  '@mzalert/faker-events ScenarioDefinition',
  '@mzalert/faker-events ScheduledOptions',
  '@mzalert/faker-events StateOptions',
  '@mzalert/faker-events Tier',
]

test('everything that a package exports has a docstring in what is published', () => {
  const { checker, symbols } = exported(publishedPackages().flatMap(entries))
  const undocumented = symbols
    .filter(({ symbol }) => ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() === '')
    .map(({ entry, symbol }) => `${entry} ${symbol.name}`)
  expect(symbols.length).toBeGreaterThan(100)
  expect(undocumented.filter(each => !missing.includes(each))).toEqual([])
})
