import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable, Writable } from 'node:stream'

type Parameters = Readonly<Record<string, unknown>>

/** A node of what assistive technology is told of a page. */
interface AccessibleNode {
  readonly ignored: boolean
  readonly role?: { readonly value: string }
  readonly name?: { readonly value: string }
}

/** A real Chromium with one page, without anything in between: its own protocol over a pipe (https://chromedevtools.github.io/devtools-protocol/). */
export class Browser {
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #waiting = new Map<number, (answer: Parameters) => void>()
  #calls = 0
  /** Of the page; the browser itself is spoken to without one. */
  #session: string | undefined = undefined
  /** What the page's scripts threw, and what the browser refused to do for it. */
  readonly problems: string[] = []

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child
    this.#folder = folder
    let rest = ''
    ;(child.stdio[4] as Readable).setEncoding('utf8').on('data', (chunk: string) => {
      const messages = `${rest}${chunk}`.split('\0')
      rest = messages.pop() ?? ''
      for (const message of messages) this.#take(JSON.parse(message) as Parameters)
    })
  }

  /** Throws if there is no chromium on this machine. */
  static async start(): Promise<Browser> {
    if (spawnSync('chromium', ['--version']).error)
      throw new Error('chromium is not on the PATH: install it, or do not run the real tests.')
    const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-chromium-'))
    const flags = [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
    ]
    const child = spawn('chromium', [...flags, '--remote-debugging-pipe', `--user-data-dir=${folder}`], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    })
    const browser = new Browser(child, folder)
    const { targetId } = await browser.#call('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await browser.#call('Target.attachToTarget', { targetId, flatten: true })
    browser.#attach(String(sessionId))
    for (const domain of ['Page', 'Runtime', 'Log', 'Accessibility']) await browser.#call(`${domain}.enable`)
    return browser
  }

  async open(url: string, { scripts = true }: { readonly scripts?: boolean } = {}): Promise<void> {
    await this.#call('Emulation.setDeviceMetricsOverride', {
      width: 960,
      height: 640,
      deviceScaleFactor: 1,
      mobile: false,
    })
    await this.#call('Emulation.setScriptExecutionDisabled', { value: !scripts })
    await this.#call('Page.navigate', { url })
  }

  /** The value of an expression in the page. */
  async evaluate<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = await this.#call('Runtime.evaluate', {
      expression,
      returnByValue: true,
    })
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails))
    return (result as { readonly value: Value }).value
  }

  /** Everything that assistive technology is told of, as `role name`. */
  async accessible(): Promise<readonly string[]> {
    const { nodes } = (await this.#call('Accessibility.getFullAXTree')) as {
      readonly nodes?: readonly AccessibleNode[]
    }
    return (nodes ?? [])
      .filter(({ ignored }) => !ignored)
      .map(({ role, name }) => `${role?.value} ${name?.value ?? ''}`.trim())
  }

  async screenshot(): Promise<Buffer> {
    const { data } = await this.#call('Page.captureScreenshot', { format: 'png' })
    return Buffer.from(String(data), 'base64')
  }

  async close(): Promise<void> {
    const closed = new Promise(resolve => this.#child.once('close', resolve))
    this.#child.kill('SIGKILL')
    await closed
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10 })
  }

  #attach(session: string): void {
    this.#session = session
  }

  #call(method: string, params: Parameters = {}): Promise<Parameters> {
    const id = ++this.#calls
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        if (error) reject(new Error(`${method}: ${JSON.stringify(error)}`))
        else resolve(result as Parameters)
      })
      const message = { id, method, params, ...(this.#session ? { sessionId: this.#session } : {}) }
      ;(this.#child.stdio[3] as Writable).write(`${JSON.stringify(message)}\0`)
    })
  }

  #take(message: Parameters): void {
    const { id, method, params } = message
    if (typeof id === 'number') {
      this.#waiting.get(id)?.(message)
      this.#waiting.delete(id)
    }
    if (method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded')
      this.problems.push(JSON.stringify(params))
  }
}
