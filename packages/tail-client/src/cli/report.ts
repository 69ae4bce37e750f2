import { typeName } from '../rows/type-names.js'
import type { Observation } from './observe.js'
import { tableLines } from './table.js'
import { type DescribedRelation, importText, interfaceText, Names, quoted } from './typescript.js'

export interface Report extends DescribedRelation {
  readonly where: string
  readonly version: string
  readonly isQuery: boolean
  readonly seen: Observation
  /** Whether the server could go back to where the look began; undefined: it was not found out. */
  readonly canResume: boolean | undefined
}

/** All that `mztail explain` says. */
export function reportText(report: Report): string {
  const { name, where, version, columns, notNull } = report
  const width = Math.max(...columns.map(column => column.name.length), 1)
  const listed = columns.map(
    column =>
      `    ${column.name.padEnd(width)}  ${typeName(column.oid).sql}${notNull.has(column.name) ? '  not null' : ''}`,
  )
  const troubles = troublesOf(report)
  const trouble = troubles.length > 0 ? troubles.map(each => `  - ${each}`) : ['  Nothing was seen.']
  return [
    `${name} at ${where} (Materialize ${version.split(' ')[0]})`,
    '',
    '  Columns',
    ...listed,
    '',
    ...factsOf(report).map(([what, fact]) => `  ${what.padEnd(9)}${fact}`),
    '',
    ...rowsText(report),
    'What would trouble a consumer',
    ...trouble,
    '',
    'A loop over it',
    '',
    ...loopText(report).split('\n'),
  ].join('\n')
}

const reportWidth = 100

/** A few of the rows, as a table. */
function rowsText({ seen, columns }: Report): readonly string[] {
  if (seen.firstRows.length === 0) return []
  const names = columns.map(({ name }) => name)
  const table = { names, rows: seen.firstRows, count: seen.firstRows.length, status: '' }
  const lines = tableLines(table, { columns: reportWidth, rows: seen.firstRows.length + 3 })
  return ['Rows that there are', ...lines.map(line => (line === '' ? line : `  ${line}`))]
}

function factsOf({ seen, canResume }: Report): readonly (readonly [string, string])[] {
  const seconds = (seen.watchedMs / 1000).toFixed(1)
  if (seen.snapshotMs === undefined)
    return [['Rows', 'the snapshot did not come in time; give it more: --time-limit']]
  const duplicates = seen.rows - (seen.distinctRows ?? seen.rows)
  const each =
    seen.frontierMoves > 0
      ? `moved every ${(seen.watchedMs / seen.frontierMoves / 1000).toFixed(1)} s`
      : 'did not move'
  return [
    [
      'Rows',
      `${seen.rows}${duplicates > 0 ? `, ${duplicates} of them duplicates` : ''}; they came in ${Math.round(seen.snapshotMs)} ms`,
    ],
    [
      'Changes',
      `${seen.updates} updates (${seen.retractions} of them retractions) at ${seen.timestamps} timestamps in ${seconds} s; the frontier ${each}`,
    ],
    ['Resume', resumeText(canResume, seconds)],
    ['Key', keyText(seen)],
  ]
}

function resumeText(canResume: boolean | undefined, seconds: string): string {
  if (canResume === undefined) return 'not found out'
  return canResume
    ? `yes: the server still had what happened in these ${seconds} s`
    : 'no: the server does not keep what happened; after a loss comes a new snapshot, of which only the difference is yielded'
}

function keyText({ keys, mostRows, tooManyForKeys }: Observation): string {
  if (tooManyForKeys) return 'not looked for: there are too many rows'
  if (mostRows < 2) return `nobody knows: there was ${mostRows === 0 ? 'no row' : 'never more than one row'}`
  if (keys.length === 0) return 'none, of one or two columns'
  return `${keys
    .slice(0, 4)
    .map(columns => columns.join(' + '))
    .join(', or ')} (unique at all times, of ${mostRows} rows at most)`
}

/** From so many retractions a second on, and rows that go within a minute, a window is what makes the changes. */
const manyRetractionsASecond = 50

function troublesOf({ columns, seen, canResume }: Report): readonly string[] {
  const troubles: string[] = []
  const floats = columns.filter(({ oid }) => [700, 701, 1021, 1022].includes(oid)).map(({ name }) => name)
  if (floats.length > 0)
    troubles.push(
      `${floats.join(', ')}: floating point. Sums of the same numbers in another order differ in the last digit, and come as an update each time; numeric does not.`,
    )
  if (seen.distinctRows !== undefined && seen.rows > seen.distinctRows)
    troubles.push(
      `There are rows that are the same in every column. They have a diff of more than 1, and no key tells them apart.`,
    )
  else if (seen.mostRows > 1 && seen.keys.length === 0 && !seen.tooManyForKeys)
    troubles.push(
      'No column, and no two, tell the rows apart: changes() needs a key of more, or use updates and collections.',
    )
  const seconds = seen.watchedMs / 1000
  const retractionsASecond = seconds > 0 ? seen.retractions / seconds : 0
  if (retractionsASecond > manyRetractionsASecond && seen.rows / retractionsASecond < 60)
    troubles.push(
      `Rows last about ${Math.max(1, Math.round(seen.rows / retractionsASecond))} s: ${Math.round(retractionsASecond)} of them go each second, as with a temporal filter over raw events. Aggregate in the view, and only what changes is sent.`,
    )
  if (seen.mostAtOnce > 10_000)
    troubles.push(
      `${seen.mostAtOnce} updates came at one timestamp, and are one batch: take it in parts, batches({ partRows: 10_000 }).`,
    )
  if (seen.rows > 1_000_000)
    troubles.push(
      `${seen.rows} rows are held to compare them after a loss; onHistoryLost: 'refetch' or 'fail' holds none.`,
    )
  if (seen.snapshotMs !== undefined && seen.frontierMoves === 0)
    troubles.push(
      'The frontier did not move: nothing is shown while it stands. Is the source stuck, or is it a constant?',
    )
  if (canResume === false)
    troubles.push(
      'Another process cannot go on where one stopped, and --from and checkpoints have no use: give the relation RETAIN HISTORY, which a flag of the server enables.',
    )
  const json = columns.filter(({ oid }) => oid === 3802).map(({ name }) => name)
  if (json.length > 0)
    troubles.push(
      `${json.join(', ')}: JSON, whose big numbers JSON.parse rounds; jsonb: 'string' keeps them.`,
    )
  return troubles
}

function loopText(report: Report): string {
  const { name, isQuery, seen, columns } = report
  const { type } = new Names().next(isQuery ? 'row' : name)
  const source = isQuery
    ? `sql\`${name.replaceAll(/[`\\]/g, '\\$&').replaceAll('${', '\\${')}\``
    : quoted(name)
  const [key] = seen.keys
  const open = `tail<${type}>(${source}, { connection: process.env.MZ_URL ?? 'postgres://materialize@localhost:6875/materialize' })`
  const loop = key
    ? [
        `// No two of at most ${seen.mostRows} rows shared it while mztail looked. If two ever do, that is KEY_VIOLATION.`,
        `for await (const { type, row, previous } of stream.changes({ key: ${key.length === 1 ? quoted(key[0] ?? '') : `[${key.map(quoted).join(', ')}]`} }))`,
        '  console.log(type, row ?? previous)',
      ]
    : ['for await (const { row, diff } of stream) console.log(diff, row)']
  return [
    importText(isQuery ? ['sql', 'tail'] : ['tail'], columns),
    interfaceText(type, report),
    `const stream = ${open}`,
    ...loop,
    '',
  ].join('\n')
}
