import { Worker } from 'node:worker_threads'
import { closed, died, type EngineError, reasonOf, startFailed } from '../errors.js'
import type {
  Backend,
  BackendOptions,
  Batch,
  BatchResult,
  EvaluateRequest,
  Evaluation,
  Plan,
  Ready,
  UpkeepResult,
} from '../evaluate/backend.js'
import type { Method, Reply } from '../evaluate/calls.js'
import type { Failure } from '../wire/failure.js'
import type { Setting } from '../wire/settings.js'
import type { Subject } from '../wire/subscription.js'

interface Waiting {
  readonly resolve: (result: never) => void
  readonly reject: (reason: unknown) => void
}

/** The backend in a thread of its own, so that a long query never holds the sockets. */
export class WorkerBackend implements Backend {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1
  #over: EngineError | undefined

  private constructor(worker: Worker) {
    this.#worker = worker
  }

  /** Starts the thread. `onDeath` is called once if it ends without having been stopped. */
  static start(
    options: BackendOptions,
    onDeath: (reason: unknown) => void,
  ): Promise<{ readonly backend: WorkerBackend; readonly ready: Ready }> {
    // Beside this program in the package: the ESM build's, also for the CommonJS build.
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: options,
      name: 'mzalert-local-engine',
      // Flags of the host program, its loaders among them, are not meant for this one.
      execArgv: [],
      // PostgreSQL counts its own stack and refuses what is nested too deeply. V8's must not end before that.
      resourceLimits: { stackSizeMb: 64 },
    })
    const backend = new WorkerBackend(worker)
    return new Promise((resolve, reject) => {
      let started = false
      const fail = (reason: unknown): void => {
        if (!started) reject(startFailed(reasonOf(reason), reason))
        else if (backend.#end(died(reason))) onDeath(reason)
      }
      worker.on('error', fail)
      worker.on('exit', code => fail(new Error(`the thread ended with code ${code}`)))
      worker.on('message', (reply: Reply) => {
        if (reply.kind === 'ready') {
          started = true
          resolve({ backend, ready: reply.ready })
        } else if (reply.kind === 'failed') {
          fail(new Error(reply.reason))
          void worker.terminate()
        } else backend.#resolve(reply)
      })
    })
  }

  run(client: number, batch: Batch): Promise<BatchResult> {
    const { buffer } = batch.messages
    return this.#call('run', [client, batch], buffer instanceof ArrayBuffer ? [buffer] : [])
  }

  plan(subject: Subject, settings: readonly Setting[], nowMs: number): Promise<Plan | Failure> {
    return this.#call('plan', [subject, settings, nowMs])
  }

  evaluate(request: EvaluateRequest): Promise<Evaluation> {
    return this.#call('evaluate', [request])
  }

  forget(id: number): Promise<void> {
    return this.#call('forget', [id])
  }

  upkeep(nowMs: number): Promise<UpkeepResult> {
    return this.#call('upkeep', [nowMs])
  }

  /** Ends the thread at once; calls that are under way reject. */
  async stop(): Promise<void> {
    this.#end(closed())
    await this.#worker.terminate()
  }

  #call<M extends Method>(
    method: M,
    parameters: Parameters<Backend[M]>,
    transfer?: readonly ArrayBuffer[],
  ): ReturnType<Backend[M]>
  #call(
    method: Method,
    parameters: readonly unknown[],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<unknown> {
    if (this.#over !== undefined) return Promise.reject(this.#over)
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#worker.postMessage({ id, method, parameters }, transfer)
    })
  }

  #resolve(reply: Reply & { readonly kind: 'answer' }): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    // The thread answers a call with what its method gives: the program talks to itself.
    waiting?.resolve(reply.result as never)
  }

  /** Rejects everything that waits. False if it had ended before. */
  #end(reason: EngineError): boolean {
    if (this.#over !== undefined) return false
    this.#over = reason
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of waiting) reject(reason)
    return true
  }
}
