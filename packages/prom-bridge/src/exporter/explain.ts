import { type Batch, type Column, typeName, type UnknownRow } from '@mzalert/tail-client'
import { Gauge } from '../exposition/gauge.js'
import { checkColumns, type Plan } from '../series/plan.js'
import { finish } from '../series/slices.js'
import { SeriesStore } from '../series/store.js'

/** Series that are shown of each view. */
const shownSeries = 5
/** From how many series, or values of one label, on Prometheus is used for what it is not made for. */
const manySeries = 10_000
const manyValues = 1000

/** Types by their OID (https://www.postgresql.org/docs/current/catalog-pg-type.html). */
const floats: ReadonlySet<number> = new Set([700, 701, 1700])
const times: ReadonlySet<number> = new Set([1082, 1083, 1114, 1184, 1186])

/** What a view is found to be. */
export interface Found {
  readonly columns: readonly Column[]
  readonly snapshot: Batch<UnknownRow>
}

/** What a view would make of what is in it now, for somebody to read: its columns, its series, and what may go wrong with them. */
export function explanation(plan: Plan, { columns, snapshot }: Found): readonly string[] {
  checkColumns(
    plan,
    columns.map(({ name }) => name),
  )
  const store = new SeriesStore(plan)
  const delta = finish(store.apply(snapshot))
  const gauge = new Gauge(plan.name, plan.help, plan.isAge)
  gauge.publish(finish(gauge.next(delta)))
  const lines = gauge
    .texts(Number(snapshot.upper))
    .join('')
    .split('\n')
    .filter(line => line !== '')
  const used = new Set(plan.columns)
  return [
    `view ${plan.view}: ${plural(store.counts.rows, 'row')}, ${store.counts.series} series of ${plan.name}`,
    `  columns: ${columns.map(({ name, oid }) => `${name} ${typeName(oid).sql}${used.has(name) ? '' : ' (not exported)'}`).join(', ')}`,
    ...lines.slice(0, shownSeries).map(line => `  ${line}`),
    ...(lines.length > shownSeries ? [`  … and ${lines.length - shownSeries} more`] : []),
    ...warnings(plan, { columns, snapshot }, store, delta.blocked?.message).map(
      warning => `  warning: ${warning}`,
    ),
  ]
}

function warnings(
  plan: Plan,
  { columns, snapshot }: Found,
  { counts }: SeriesStore,
  blocked: string | undefined,
): readonly string[] {
  const told: string[] = blocked === undefined ? [] : [blocked]
  plan.labels.forEach((from, index) => {
    if (typeof from !== 'string') return
    const label = `label ${plan.labelNames[index]} (column ${from})`
    const oid = columns.find(({ name }) => name === from)?.oid ?? 0
    if (floats.has(oid))
      told.push(
        `${label} is a ${typeName(oid).sql}: with every change of the number it is another series. Use it as value.`,
      )
    if (times.has(oid))
      told.push(
        `${label} is a ${typeName(oid).sql}: every moment is another series. Use { ageOf: ${from} } as value, or leave it out.`,
      )
    const values = new Set(snapshot.updates.map(({ row }) => row[from])).size
    if (values > manyValues)
      told.push(
        `${label} has ${values} values. Prometheus wants tens of them: aggregate in SQL, or leave it out.`,
      )
  })
  if (counts.series > manySeries)
    told.push(`${counts.series} series are many for one target. Aggregate in SQL, or set maxSeries.`)
  if (plan.maxSeries !== undefined && counts.series >= plan.maxSeries * 0.8)
    told.push(`${counts.series} of at most ${plan.maxSeries} series are used already.`)
  if (counts.collisions > 0 && plan.collisions !== 'count' && plan.collisions !== 'sum')
    told.push(
      `${counts.collisions} series are shared by several rows, of which the ${plan.collisions} is exported. Add a label that tells them apart.`,
    )
  for (const [reason, count] of Object.entries(counts.skippedTotal))
    if (count > 0) told.push(`${plural(count, 'row')} without a sample: ${reason}.`)
  return told
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
