import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { noLabels } from '../exposition/common.js'
import { contentTypeOf } from '../exposition/format.js'
import { Gzip } from '../exposition/gzip.js'
import { acceptsGzip, formatOf } from '../exposition/negotiation.js'
import { type Selection, selectionOf } from '../exposition/selection.js'
import { AlertEvents, type AlertView, alertsJson } from '../page/api.js'
import { LiveEvents } from '../page/events.js'
import { pageHtml } from '../page/html.js'
import { script } from '../page/script.js'
import { style } from '../page/style.js'
import type { Registration } from '../registry/registry.js'
import { inSlices, type Turn } from '../series/slices.js'
import type { BridgeEvent } from '../types.js'
import { type Answer, send, text } from './answer-handler.js'
import type { Scrapes } from './scrapes.js'
import { maxStreams, Streams } from './stream-handler.js'
import type { View } from './view.js'

/** A metric of a host that has not answered within this part of the time that the scraper has, or this long, is left out. */
const hostsPart = 0.5
const hostsMs = 5000

/** For `node:http`, and to be mounted: with a `next`, as frameworks give it, unknown paths are left to it. */
export type RequestHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void

/** What the handler serves. */
export interface Served {
  readonly views: readonly View[]
  readonly scrapes: Scrapes
  readonly registration: Registration | undefined
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly report: (event: BridgeEvent) => void
  readonly turn: Turn
  /** Views that are further behind are not ready. */
  readonly readyMaxLagMs: number
  /** A reader that takes nothing for so long is cut off. */
  readonly stalledMs: number
}

/** Answers HTTP requests; holds the connections of open pages and of programs that follow. */
export class HttpHandler {
  readonly #served: Served
  readonly #events: LiveEvents
  readonly #gzip = new Gzip()
  readonly #alerts: AlertEvents
  readonly #streams: Streams
  readonly #routes: Readonly<Record<string, (request: IncomingMessage) => Answer | Promise<Answer>>>
  #isClosed = false

  constructor(served: Served) {
    this.#served = served
    this.#events = new LiveEvents(() => served.views.map(view => view.model()), served.now)
    this.#alerts = new AlertEvents(() => this.#alertViews(), served.now, served.turn)
    this.#streams = new Streams([this.#events, this.#alerts], served.stalledMs)
    this.#routes = {
      '/': () => this.#page(),
      '/api/alerts': () => this.#alertsAnswer(),
      '/metrics': request => this.#metrics(request),
      '/-/healthy': () => text(200, 'healthy\n'),
      '/-/ready': () => this.#readiness(),
    }
  }

  handle(request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void {
    this.#handle(request, response, next).catch((error: unknown) => {
      this.#served.report({ type: 'scrape-failed', error })
      if (response.headersSent) response.destroy()
      else
        this.#send(request, response, text(500, 'This cannot be answered now.\n')).catch(() =>
          response.destroy(),
        )
    })
  }

  #send(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
    const { turn, stalledMs } = this.#served
    return send(request, response, answer, { turn, stalledMs })
  }

  /** Ends the connections of open pages; whatever is asked from now on is answered with 503. */
  close(): void {
    this.#isClosed = true
    this.#streams.close()
  }

  async #handle(
    request: IncomingMessage,
    response: ServerResponse,
    next: ((error?: unknown) => void) | undefined,
  ): Promise<void> {
    const path = pathOf(request.url)
    const isEvents = path === '/events' || (path === '/api/alerts' && wantsEvents(request))
    const route = Object.hasOwn(this.#routes, path) ? this.#routes[path] : undefined
    if (!route && !isEvents) {
      if (next) return next()
      return this.#send(
        request,
        response,
        text(404, 'There is /, /metrics, /api/alerts, /-/healthy and /-/ready.\n'),
      )
    }
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return this.#send(request, response, text(405, 'Use GET or HEAD.\n', { allow: 'GET, HEAD' }))
    // Who keeps its connection would keep the server from ending.
    if (this.#isClosed) return this.#send(request, response, text(503, 'closed\n', { connection: 'close' }))
    const elsewhere = path === '/' ? withSlash(request) : undefined
    if (elsewhere !== undefined) return this.#send(request, response, text(308, '', { location: elsewhere }))
    if (route && !isEvents) return this.#send(request, response, await route(request))
    if (this.#streams.isFull)
      return this.#send(request, response, text(503, `${maxStreams} streams are open already.\n`))
    return this.#streams.open(request, response, path === '/events' ? this.#events : this.#alerts)
  }

  async #metrics({ url, headers }: IncomingMessage): Promise<Answer> {
    const { views, turn } = this.#served
    const selection = selectionOf(url)
    const chosen = views.filter(({ plan }) => selection.views?.has(plan.view) ?? true)
    if (chosen.length < (selection.views?.size ?? 0))
      return text(404, `The views are:\n${views.map(({ plan }) => `${plan.view}\n`).join('')}`)
    // What is said about a view is current also while the view is not.
    const lost = chosen.filter(
      ({ failsScrape, plan }) => failsScrape && (selection.names?.has(plan.name) ?? true),
    )
    if (lost.length > 0) return text(503, lost.map(({ plan, state }) => `${plan.view}: ${state}\n`).join(''))
    const { contentType, chunks } = await this.#exposition(selection, headers)
    const varied = { 'content-type': contentType, vary: 'accept, accept-encoding' }
    if (!acceptsGzip(headers['accept-encoding'])) return { status: 200, headers: varied, chunks }
    return {
      status: 200,
      headers: { ...varied, 'content-encoding': 'gzip' },
      chunks: await this.#gzip.encode(chunks, turn),
    }
  }

  /** Ours, and what a registry has besides, unless views are asked for; both with the labels of the registry. */
  async #exposition(
    selection: Selection,
    headers: IncomingMessage['headers'],
  ): Promise<{ readonly contentType: string; readonly chunks: readonly Uint8Array[] }> {
    const { scrapes, registration, report, turn } = this.#served
    const common = registration?.commonLabels ?? noLabels
    const host = selection.views ? undefined : registration
    // What a registry prints is in the text format; nobody can make OpenMetrics of it.
    const format = host ? 'text' : formatOf(headers.accept)
    const ours = (): Promise<readonly Uint8Array[]> =>
      inSlices(scrapes.exposition({ selection, format, common }), turn)
    if (!host) return { contentType: contentTypeOf(format), chunks: await ours() }
    return withDeadline(hostsTimeMs(headers), async deadline => {
      if (host.isOpenMetrics) {
        const { text: whole, contentType } = await host.whole(selection.names, deadline)
        return { contentType, chunks: [Buffer.from(whole)] }
      }
      const others = await host.others(selection.names, deadline, (metric, error) =>
        report({ type: 'scrape-failed', metric, error }),
      )
      const chunks = [...(await ours()), ...others.map(other => Buffer.from(other))]
      return { contentType: contentTypeOf(format), chunks }
    })
  }

  #readiness(): Answer {
    const { views, now, readyMaxLagMs } = this.#served
    const lines = views.flatMap(view => {
      const { plan, problem, isComplete } = view
      const lagMs = now() - (view.frontierMs ?? 0)
      if (isComplete && lagMs <= readyMaxLagMs) return []
      const behind = `${Math.round(lagMs / 1000)} s behind${problem ? `: ${problem.message}` : ''}`
      const waiting = problem?.message ?? 'waiting for the first snapshot'
      return `${plan.view}: ${isComplete ? behind : waiting}\n`
    })
    return lines.length === 0 ? text(200, 'ready\n') : text(503, lines.join(''))
  }

  #page(): Answer {
    const { views, now } = this.#served
    const html = pageHtml(
      views.map(view => view.model()),
      now(),
    )
    return {
      status: 200,
      headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': pagePolicy },
      chunks: [Buffer.from(html)],
    }
  }

  #alertViews(): readonly AlertView[] {
    return this.#served.views.flatMap(view => {
      const model = view.model()
      return model.isAlert ? [{ model, edition: view.gauge.current, isComplete: view.isComplete }] : []
    })
  }

  async #alertsAnswer(): Promise<Answer> {
    const chunks = await inSlices(alertsJson(this.#alertViews()), this.#served.turn)
    return { status: 200, headers: { 'content-type': 'application/json', vary: 'accept' }, chunks }
  }
}

/** How long metrics of a host may take: Prometheus says how long it waits for all of them. */
function hostsTimeMs(headers: IncomingMessage['headers']): number {
  const seconds = Number(headers['x-prometheus-scrape-timeout-seconds'])
  return seconds > 0 ? Math.min(seconds * 1000 * hostsPart, hostsMs) : hostsMs
}

/** Does something with a promise that rejects after so long. */
async function withDeadline<Result>(
  ms: number,
  work: (deadline: Promise<never>) => Promise<Result>,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`There was no answer within ${ms} ms.`)), ms)
  })
  deadline.catch(() => {})
  try {
    return await work(deadline)
  } finally {
    clearTimeout(timer)
  }
}

function wantsEvents({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes('text/event-stream') ?? false
}

/** Only what the page itself contains runs and styles it: text from a row cannot, even if it were not escaped. */
const pagePolicy = [
  "default-src 'none'",
  `script-src '${hash(script)}'`,
  `style-src '${hash(style)}'`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

function hash(content: string): string {
  return `sha256-${createHash('sha256').update(content).digest('base64')}`
}

function pathOf(url: string | undefined): string {
  const path = (url ?? '/').split('?', 1)[0] ?? ''
  return path === '' ? '/' : path
}

/** The page's links are relative. Mounted at a path without a slash at its end, it is one step beside where they lead. */
function withSlash(request: IncomingMessage): string | undefined {
  const { originalUrl } = request as { readonly originalUrl?: unknown }
  if (typeof originalUrl !== 'string') return undefined
  const [path = '', ...query] = originalUrl.split('?')
  if (path === '' || path.endsWith('/')) return undefined
  const last = path.slice(path.lastIndexOf('/') + 1)
  return `./${last}/${query.length > 0 ? `?${query.join('?')}` : ''}`
}
