/** What `remoteWrite()` takes. */
export interface RemoteWriteOptions {
  /**
   * Where the receiver is: `http://prometheus:9090/api/v1/write`. A user and a password in it are sent as the header `authorization`.
   * No error and no event has it.
   */
  readonly url: string
  /** Everything is sent so often, in milliseconds; less than the five minutes that Prometheus looks back. Default: 15 000. */
  readonly intervalMs?: number
  /** Labels that every series gets, such as `job` and `instance`; none that a series has already. */
  readonly labels?: Readonly<Record<string, string>>
  /** Such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Longest time for one request, in milliseconds. Default: 30 000. */
  readonly timeoutMs?: number
  /** What fails is tried again twice in an interval: after so long, in milliseconds, then twice as long. Default: 250. */
  readonly retry?: { readonly initialMs?: number }
  /** Whether all series are ended when it is closed. Default: false, so that a restart resolves nothing. */
  readonly endOnClose?: boolean
  /** Told what happens, for a log. What it throws becomes a process warning. */
  readonly onEvent?: (event: RemoteWriteEvent) => void
  /** Default: the global one. */
  readonly fetch?: (url: string, request: RequestInit) => Promise<Response>
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number
}

/** What happens when series are sent. */
export type RemoteWriteEvent =
  /** All series of an interval were taken. */
  | { readonly type: 'sent'; readonly series: number; readonly ended: number }
  /** A request could not be made, or its answer asks to try again: it is, in `delayMs`. */
  | {
      readonly type: 'retry'
      readonly problem: string
      readonly attempt: number
      readonly delayMs: number
    }
  /** The receiver cannot be had in this interval: what is left is for the next one, which has something newer to say. */
  | { readonly type: 'given-up'; readonly problem: string; readonly attempts: number }
  /** The receiver will not have a request, and would not later: those series are missing there. */
  | { readonly type: 'refused'; readonly status: number; readonly problem: string; readonly series: number }
