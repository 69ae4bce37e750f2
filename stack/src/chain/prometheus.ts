/** One series of an instant query. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: number
}

interface Answer {
  readonly status: 'success' | 'error'
  readonly error?: string
  readonly data?: { readonly result: readonly { metric: Record<string, string>; value: [number, string] }[] }
}

/** An instant query; what Prometheus calls an error is thrown. */
export async function query(prometheusUrl: string, expression: string): Promise<readonly Sample[]> {
  const url = new URL('/api/v1/query', prometheusUrl)
  url.searchParams.set('query', expression)
  const { status, error, data } = (await (await fetch(url)).json()) as Answer
  if (status !== 'success') throw new Error(`${expression}: ${error}`)
  return (data?.result ?? []).map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
}

/** An alert that an Alertmanager takes for firing, inhibited or not. */
export interface ActiveAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly status: { readonly inhibitedBy: readonly string[] }
}

export async function activeAlerts(alertmanagerUrl: string): Promise<readonly ActiveAlert[]> {
  const url = new URL(
    '/api/v2/alerts?active=true&inhibited=true&silenced=true&unprocessed=true',
    alertmanagerUrl,
  )
  return (await (await fetch(url)).json()) as ActiveAlert[]
}
